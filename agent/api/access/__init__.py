"""Who asks, how do we know, and what may they do?"""
