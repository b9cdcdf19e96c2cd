"""Objects in protobuf, as clients written in Go send some of them."""
