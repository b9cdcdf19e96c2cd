"""Just enough of HTTP/2 for one unary gRPC call, without I/O."""
