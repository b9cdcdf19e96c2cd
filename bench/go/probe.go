package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/exec"
	"syscall"
	"time"
)

const (
	timeout   = 5 * time.Second
	maxOutput = 10 << 10
)

// prepare returns a probe of this kind; it is called with its number, which spreads the ports.
func prepare(kind string, ports []string) func(int) error {
	address := func(number int) string { return net.JoinHostPort("127.0.0.1", ports[number%len(ports)]) }
	switch kind {
	case "http", "https":
		transport := newTransport()
		return func(number int) error {
			return probeHTTP(transport, kind+"://"+address(number)+"/healthz")
		}
	case "tcp":
		return func(number int) error { return probeTCP(address(number)) }
	case "grpc":
		transport := newTransport()
		transport.Protocols = new(http.Protocols)
		transport.Protocols.SetUnencryptedHTTP2(true)
		return func(number int) error { return probeGRPC(transport, "http://"+address(number)) }
	case "exec":
		return func(int) error { return probeExec("/bin/true") }
	}
	log.Fatalf("no such kind of probe: %s", kind)
	return nil
}

// newTransport has a kubelet's settings: a new connection each, no proxy, nothing is verified.
func newTransport() *http.Transport {
	return &http.Transport{
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives:  true,
		DisableCompression: true,
		Proxy:              nil,
		DialContext:        dialer().DialContext,
	}
}

// dialer shortens TIME_WAIT to a second, as a kubelet's does.
func dialer() *net.Dialer {
	return &net.Dialer{
		Timeout: timeout,
		Control: func(_, _ string, conn syscall.RawConn) error {
			return conn.Control(func(fd uintptr) {
				linger := &syscall.Linger{Onoff: 1, Linger: 1}
				must(syscall.SetsockoptLinger(int(fd), syscall.SOL_SOCKET, syscall.SO_LINGER, linger))
			})
		},
	}
}

func probeHTTP(transport *http.Transport, url string) error {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe/1.34")
	request.Header.Set("Accept", "*/*")
	client := &http.Client{Timeout: timeout, Transport: transport}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(io.LimitReader(response.Body, maxOutput)); err != nil {
		return err
	}
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

func probeTCP(address string) error {
	conn, err := dialer().Dial("tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// probeGRPC asks grpc.health.v1.Health for "": an empty message after its five bytes of prefix.
func probeGRPC(transport *http.Transport, base string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	url := base + "/grpc.health.v1.Health/Check"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(make([]byte, 5)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("TE", "trailers")
	request.Header.Set("User-Agent", "kube-probe/1.34")
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	message, err := io.ReadAll(io.LimitReader(response.Body, maxOutput))
	if err != nil {
		return err
	}
	if status := response.Trailer.Get("Grpc-Status"); status != "0" {
		return fmt.Errorf("%s: grpc-status %q", base, status)
	}
	if !bytes.HasSuffix(message, []byte{8, 1}) {
		return fmt.Errorf("%s: not serving: %v", base, message)
	}
	return nil
}

func probeExec(program string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var output bytes.Buffer
	command := exec.CommandContext(ctx, program)
	command.Stdout, command.Stderr = &output, &output
	return command.Run()
}
