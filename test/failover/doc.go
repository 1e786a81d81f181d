// SPDX-License-Identifier: Apache-2.0

// Package failover lets two Waylight processes serve on a cluster of three
// etcd, three PostgreSQL under Patroni and one HAProxy, breaks the cluster
// again and again while reports come in, and afterwards looks every accepted
// report up: through its receipt, in the database, and in the log.
//
//	go test ./test/failover                            # four faults
//	go test ./test/failover -faults 20 -timeout 30m    # twenty, in a random order; also: make failover
//
// -seed repeats an order. Everything runs on this machine's loopback, in one
// folder, as an unprivileged user, and ends with the test, however that ends.
package failover
