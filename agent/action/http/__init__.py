"""HTTP/1.1 as Go's net/http speaks it, as far as httpGet needs it; every text is Go's."""
