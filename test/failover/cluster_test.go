// SPDX-License-Identifier: Apache-2.0

package failover

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver
)

// members is how many there are of etcd, and of PostgreSQL with its Patroni.
const members = 3

// startLimit is how long a part may take to come up on a machine that is busy.
const startLimit = 2 * time.Minute

// cluster is the database, as docs/operations.md describes it.
type cluster struct {
	*rig
	tools   tools
	network *network // nil: everything stands on the loopback
	alone   error    // why there is none
	etcds   [members]*etcd
	nodes   [members]*node
	haproxy int // port of PostgreSQL behind HAProxy
	door    *exec.Cmd
}

type etcd struct {
	machine
	name         string
	client, peer int
	cmd          *exec.Cmd
}

// node is a PostgreSQL with its Patroni.
type node struct {
	machine
	name      string
	rest, sql int
	data      string
	socket    string // the folder of the one that needs no network
	cmd       *exec.Cmd
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	found, err := findTools()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{rig: newRig(t), tools: found}
	c.network, c.alone = openNetwork()
	if err := c.up(); err != nil {
		t.Fatalf("starting the cluster: %v", err)
	}
	return c
}

func (c *cluster) up() error {
	if err := c.ports(); err != nil {
		return err
	}
	for i := range members {
		if err := c.startEtcd(i); err != nil {
			return err
		}
	}
	for i := range members {
		if err := os.WriteFile(filepath.Join(c.dir, c.nodes[i].name+".yml"), []byte(c.patroni(i)), 0o644); err != nil {
			return err
		}
		if err := c.startPatroni(i); err != nil {
			return err
		}
	}
	if err := os.WriteFile(c.proxyFile(), []byte(c.proxy()), 0o644); err != nil {
		return err
	}
	if err := c.startProxy(); err != nil {
		return err
	}
	if err := until(startLimit, c.whole); err != nil {
		return err
	}
	return c.makeDatabase()
}

func (c *cluster) ports() error {
	var err error
	next := func() int {
		port, e := c.port()
		err = errors.Join(err, e)
		return port
	}
	for i := range members {
		on := here
		if c.network != nil {
			on = c.network.machine(i)
		}
		c.etcds[i] = &etcd{machine: on, name: fmt.Sprintf("e%d", i+1), client: next(), peer: next()}
		name := fmt.Sprintf("p%d", i+1)
		c.nodes[i] = &node{machine: on, name: name, rest: next(), sql: next(), data: filepath.Join(c.dir, "data-"+name), socket: c.dir}
	}
	c.haproxy = next()
	return err
}

func loopback(port int) string { return at("127.0.0.1", port) }

func at(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func (c *cluster) startEtcd(i int) (err error) {
	e := c.etcds[i]
	var all []string
	for _, o := range c.etcds {
		all = append(all, o.name+"=http://"+at(o.inside, o.peer))
	}
	client, peer := "http://"+at(e.inside, e.client), "http://"+at(e.inside, e.peer)
	e.cmd, err = c.start(e.machine, e.name, c.tools.etcd, "--name", e.name, "--data-dir", filepath.Join(c.dir, "etcd-"+e.name),
		"--listen-client-urls", "http://"+at(e.listen, e.client), "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
		"--initial-cluster", strings.Join(all, ","), "--initial-cluster-state", "new", "--heartbeat-interval", "100", "--election-timeout", "1000",
		"--logger", "zap")
	return err
}

func (c *cluster) startPatroni(i int) (err error) {
	n := c.nodes[i]
	n.cmd, err = c.start(n.machine, n.name, c.tools.patroni, filepath.Join(c.dir, n.name+".yml"))
	return err
}

// patroni is a node's configuration. The bootstrap section is the one that
// docs/operations.md recommends, but for no-sync and trust, which are for tests.
func (c *cluster) patroni(i int) string {
	n := c.nodes[i]
	var hosts []string
	for _, e := range c.etcds {
		hosts = append(hosts, at(e.inside, e.client))
	}
	return fmt.Sprintf(`scope: waylight
name: %[1]s
restapi: {listen: "%[8]s:%[2]d", connect_address: "%[9]s:%[2]d"}
etcd3: {hosts: "%[3]s"}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 1
    retry_timeout: 3
    maximum_lag_on_failover: 1048576
    primary_start_timeout: 0
    synchronous_mode: true
    failsafe_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {wal_level: replica, hot_standby: "on", wal_log_hints: "on", wal_sender_timeout: 5s, max_connections: 100}
  initdb: [{encoding: UTF8}, {locale: C}, data-checksums, no-sync]
  pg_hba: ["local all all trust", "host all all samenet trust", "host replication all samenet trust"]
postgresql:
  listen: "%[8]s:%[4]d"
  connect_address: "%[9]s:%[4]d"
  data_dir: %[5]s
  bin_dir: %[6]s
  pgpass: %[7]s/pgpass-%[1]s
  authentication:
    superuser: {username: postgres}
    replication: {username: replicator}
    rewind: {username: rewinder}
  parameters: {unix_socket_directories: "%[7]s"}
`, n.name, n.rest, strings.Join(hosts, ","), n.sql, n.data, c.tools.postgres, c.dir, n.listen, n.inside)
}

func (c *cluster) proxyFile() string { return filepath.Join(c.dir, "haproxy.cfg") }

// startProxy opens the only way that Waylight knows to its database.
func (c *cluster) startProxy() (err error) {
	c.door, err = c.start(here, "haproxy", c.tools.haproxy, "-db", "-f", c.proxyFile())
	return err
}

// proxy is HAProxy's configuration: whoever Patroni says is the primary.
func (c *cluster) proxy() string {
	var b strings.Builder
	fmt.Fprintf(&b, `defaults
  mode tcp
  timeout connect 2s
  timeout client 30m
  timeout server 30m
  timeout check 1s
listen primary
  bind %s
  option httpchk GET /primary
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
`, loopback(c.haproxy))
	for _, n := range c.nodes {
		fmt.Fprintf(&b, "  server %s %s check port %d\n", n.name, at(n.outside, n.sql), n.rest)
	}
	return b.String()
}

// url is where Waylight finds its database: behind HAProxy.
func (c *cluster) url() string {
	return fmt.Sprintf("postgres://waylight@%s/waylight?sslmode=disable", loopback(c.haproxy))
}

// makeDatabase makes Waylight's own role, which may do nothing special, and its
// database.
func (c *cluster) makeDatabase() error {
	admin, err := sql.Open("pgx", fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", loopback(c.haproxy)))
	if err != nil {
		return err
	}
	defer admin.Close()
	for _, q := range []string{"create role waylight login", "create database waylight owner waylight"} {
		if _, err := admin.Exec(q); err != nil {
			return err
		}
	}
	return nil
}

// state is what Patroni says of its cluster.
type state struct {
	Members []struct {
		Name, Role, State string
		Lag               any
	}
}

var asking = &http.Client{Timeout: 3 * time.Second}

// whole says what the cluster misses of one primary with a synchronous and
// another standby that stream from it, and of three etcd.
func (c *cluster) whole() error {
	for _, e := range c.etcds {
		if err := get("http://"+at(e.outside, e.client)+"/health", nil); err != nil {
			return err
		}
	}
	primary, err := c.primary()
	if err != nil {
		return err
	}
	roles, err := c.members(primary)
	if err != nil {
		return err
	}
	count := map[string]int{}
	for _, role := range roles {
		count[role]++
	}
	if count["leader"] != 1 || count["sync_standby"] != 1 || count["replica"] != 1 {
		return fmt.Errorf("the cluster has %v", roles)
	}
	return c.streams(primary)
}

// members gives the role of each node that runs, as one of them knows it.
func (c *cluster) members(asked *node) (map[string]string, error) {
	var s state
	if err := get("http://"+at(asked.outside, asked.rest)+"/cluster", &s); err != nil {
		return nil, err
	}
	roles := map[string]string{}
	for _, m := range s.Members {
		if m.State == "running" || m.State == "streaming" {
			roles[m.Name] = m.Role
		}
	}
	return roles, nil
}

// streams asks the primary itself for its standbys, through HAProxy.
func (c *cluster) streams(primary *node) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	db, err := sql.Open("pgx", fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", loopback(c.haproxy)))
	if err != nil {
		return err
	}
	defer db.Close()
	var port, standbys, synchronous int
	err = db.QueryRowContext(ctx, `select inet_server_port(), count(*), count(*) filter (where sync_state = 'sync')
from pg_stat_replication where state = 'streaming' and application_name like 'p_'`).Scan(&port, &standbys, &synchronous)
	if err != nil {
		return err
	}
	if port != primary.sql || standbys != members-1 || synchronous != 1 {
		return fmt.Errorf("port %d has %d standbys, %d of them synchronous", port, standbys, synchronous)
	}
	return nil
}

// primary is the node whose Patroni says it is.
func (c *cluster) primary() (*node, error) {
	var found []*node
	for _, n := range c.nodes {
		if get("http://"+at(n.outside, n.rest)+"/primary", nil) == nil {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d nodes say that they are the primary", len(found))
	}
	return found[0], nil
}

func (c *cluster) index(n *node) int {
	for i := range c.nodes {
		if c.nodes[i] == n {
			return i
		}
	}
	return -1
}

// switchOver asks Patroni to hand the primary's place to its synchronous standby.
func (c *cluster) switchOver(from *node) error {
	body, err := json.Marshal(map[string]string{"leader": from.name})
	if err != nil {
		return err
	}
	slow := &http.Client{Timeout: time.Minute}
	res, err := slow.Post("http://"+at(from.outside, from.rest)+"/switchover", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var b bytes.Buffer
	b.ReadFrom(res.Body)
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("Patroni answers %s: %s", res.Status, b.String())
	}
	return nil
}

func get(url string, into any) error {
	res, err := asking.Get(url)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// postmaster is the process of a node's PostgreSQL.
func (n *node) postmaster() (int, error) {
	text, err := os.ReadFile(filepath.Join(n.data, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}

// postgres lists all processes of a node's PostgreSQL, the postmaster first.
func (n *node) postgres() ([]int, error) {
	first, err := n.postmaster()
	if err != nil {
		return nil, err
	}
	pids := []int{first}
	for _, pid := range within(n.data) {
		if pid != first {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func signal(sig syscall.Signal, pids ...int) error {
	var errs []error
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
