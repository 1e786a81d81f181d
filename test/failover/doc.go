// SPDX-License-Identifier: Apache-2.0

// Package failover lets two Waylight processes serve on a cluster of three
// etcd, three PostgreSQL under Patroni and one HAProxy, breaks the cluster
// again and again while reports come in, and afterwards looks every accepted
// report up: through its receipt, in the database, and in the log.
//
//	go test ./test/failover                            # four faults
//	go test ./test/failover -faults 20 -timeout 30m    # twenty, in a random order; also: make failover
//
//	go test ./test/failover -only 'cut off|packet' -v  # only these, once each
//
// -seed repeats an order. Everything runs in one folder, as an unprivileged user,
// and ends with the test, however that ends.
//
// Where the test is root on a Linux that allows it, each etcd and PostgreSQL stands
// on a machine of its own, a network namespace with one line to a switch for the
// three alone and one to a switch for clients; its network is cut too. Elsewhere
// all stand on the loopback, and the test says which faults it leaves out, and why.
package failover
