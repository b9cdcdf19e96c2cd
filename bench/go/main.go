// Command prober does what barepod's probes do, the way a kubelet does it, and says what it cost.
//
//	prober -kind http -ports 8001,8002 -flight 20 -probes 3000
//	prober -ports 8001,8002 -workers http=1000,exec=100 -period 1s -seconds 5
//
// The first form keeps so many probes in flight; the second runs a goroutine with a ticker for each
// probe, as a kubelet's workers are. The answer is one JSON object on stdout.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const warmUp = 64

// An outcome is what one load cost; CPU is user and system time of this process alone.
type outcome struct {
	Probes    int     `json:"probes"`
	CPU       float64 `json:"cpu_us"`
	LateP50   float64 `json:"late_p50_ms"`
	LateP99   float64 `json:"late_p99_ms"`
	Bytes     float64 `json:"bytes_each"`
	GoVersion string  `json:"go"`
}

func main() {
	log.SetFlags(0)
	kind := flag.String("kind", "http", "http, https, tcp, grpc or exec")
	portList := flag.String("ports", "", "ports of 127.0.0.1, separated by commas")
	flight := flag.Int("flight", 1, "how many probes at a time")
	probes := flag.Int("probes", 1000, "how many probes altogether")
	workers := flag.String("workers", "", "KIND=NUMBER, separated by commas: one ticker each")
	period := flag.Duration("period", time.Second, "of each worker")
	seconds := flag.Float64("seconds", 3, "how long the workers are watched, after one period")
	flag.Parse()

	ports := strings.Split(*portList, ",")
	var found outcome
	if *workers != "" {
		found = work(parse(*workers), ports, *period, time.Duration(*seconds*float64(time.Second)))
	} else {
		probe := prepare(*kind, ports)
		closedLoop(probe, *flight, warmUp)
		before := cpu()
		closedLoop(probe, *flight, *probes)
		found = outcome{Probes: *probes, CPU: (cpu() - before) / float64(*probes)}
	}
	found.GoVersion = runtime.Version()
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

func parse(text string) map[string]int {
	numbers := map[string]int{}
	for _, part := range strings.Split(text, ",") {
		kind, number, _ := strings.Cut(part, "=")
		parsed, err := strconv.Atoi(number)
		if err != nil {
			log.Fatalf("-workers %s: %v", text, err)
		}
		numbers[kind] = parsed
	}
	return numbers
}

// closedLoop runs `total` probes, `flight` at a time.
func closedLoop(probe func(int) error, flight, total int) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range flight {
		group.Go(func() {
			for number := next.Add(1) - 1; number < int64(total); number = next.Add(1) - 1 {
				must(probe(int(number)))
			}
		})
	}
	group.Wait()
}

// A meter collects what the workers did since it was started.
type meter struct {
	lock sync.Mutex
	on   bool
	late []float64
}

func (m *meter) add(late time.Duration) {
	m.lock.Lock()
	if m.on {
		m.late = append(m.late, late.Seconds()*1000)
	}
	m.lock.Unlock()
}

// work runs the workers for one period without looking and then for the time that counts.
func work(numbers map[string]int, ports []string, period, watched time.Duration) outcome {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var seen meter
	total, started := 0, time.Now()
	for kind, number := range numbers {
		probe := prepare(kind, ports)
		for place := range number {
			first := started.Add(period * time.Duration(place) / time.Duration(number))
			go worker(probe, place, first, period, &seen)
		}
		total += number
	}
	time.Sleep(period + period/2)
	runtime.ReadMemStats(&after)
	seen.lock.Lock()
	seen.on = true
	seen.lock.Unlock()
	begun := cpu()
	time.Sleep(watched)
	spent := cpu() - begun
	seen.lock.Lock()
	defer seen.lock.Unlock()
	seen.on = false
	slices.Sort(seen.late)
	return outcome{
		Probes:  len(seen.late),
		CPU:     spent / float64(len(seen.late)),
		LateP50: seen.late[len(seen.late)/2],
		LateP99: seen.late[len(seen.late)*99/100],
		Bytes:   (float64(after.Sys) - float64(before.Sys)) / float64(total),
	}
}

// worker probes at `first` and every `period` from then on (kubelet: prober.worker.run).
func worker(probe func(int) error, place int, first time.Time, period time.Duration, seen *meter) {
	time.Sleep(time.Until(first))
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	due := time.Now()
	for {
		seen.add(time.Since(due))
		must(probe(place))
		<-ticker.C
		due = due.Add(period)
	}
}

// cpu returns the microseconds of CPU that this process, without its children, has used.
func cpu() float64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1000
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "prober:", err)
		os.Exit(1)
	}
}
