"""Server-side apply: who owns which field of an object, and what becomes of it then."""
