"""What may change when an object is updated, and how does the object look afterwards?"""
