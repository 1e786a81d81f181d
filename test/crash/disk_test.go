// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"modernc.org/libc"
	sqlite "modernc.org/sqlite/lib"
)

// A disk stands between the embedded engine and the files of one folder. The engine is
// the one that the program ships, and the program is not told: in this test process the
// engine's default way to the file system is one that passes everything on to the real
// one, after asking the disk of that folder, if there is one.

// opKind is what the engine does to a file.
type opKind int

const (
	opOpen opKind = iota
	opWrite
	opTruncate
	opSync
	opRemove
	opRead
	opAck // not the engine's: a sender was told "accepted"
)

// op is one thing that the engine did.
type op struct {
	kind opKind
	file string // base name
	at   int64  // offset of a write or read, size of a truncation
	data []byte // what was written; valid during ask only, unless recorded
	ack  accepted
}

// disk is a folder's disk.
type disk struct {
	folder string
	// ask is asked before each operation and answers with the engine's result code,
	// 0 to let it pass. It may block: so does the disk, then.
	ask atomic.Pointer[func(op) int32]

	mu        sync.Mutex
	recording bool // and then nothing needs to be synced: what the disk would hold is worked out
	ops       []op
}

// newDisk puts a disk below a folder for the length of a test.
func newDisk(t *testing.T, folder string) *disk {
	t.Helper()
	installShim(t)
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{folder: real}
	disks.Store(real, d)
	t.Cleanup(func() { disks.Delete(real) })
	return d
}

// answer sets what the disk answers from now on; nil lets everything pass.
func (d *disk) answer(ask func(op) int32) {
	if ask == nil {
		d.ask.Store(nil)
		return
	}
	d.ask.Store(&ask)
}

// do lets one operation pass, or not, and notes it.
func (d *disk) do(o op, pass func() int32) int32 {
	if d == nil {
		return pass()
	}
	if ask := d.ask.Load(); ask != nil {
		if rc := (*ask)(o); rc != sqlite.SQLITE_OK {
			return rc
		}
	}
	d.mu.Lock()
	recording := d.recording && o.kind != opRead
	if !recording {
		d.mu.Unlock()
		return pass()
	}
	defer d.mu.Unlock()
	rc := int32(sqlite.SQLITE_OK)
	if o.kind != opSync {
		rc = pass()
	}
	if rc == sqlite.SQLITE_OK {
		o.data = append([]byte(nil), o.data...)
		d.ops = append(d.ops, o)
	}
	return rc
}

// record notes everything from now on.
func (d *disk) record() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recording = true
}

// acknowledged notes that a sender was told.
func (d *disk) acknowledged(a accepted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops = append(d.ops, op{kind: opAck, ack: a})
}

// recorded is everything that was noted.
func (d *disk) recorded() []op {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recording = false
	return d.ops
}

// disks are those of this process by folder; the engine's file systems belong to the
// process too.
var disks sync.Map

func diskOf(path string) *disk {
	d, ok := disks.Load(filepath.Dir(path))
	if !ok {
		return nil
	}
	return d.(*disk)
}

// --- the shim: the engine's C structures, as its translation to Go lays them out

// shimFile is what the engine knows of an open file; the real file follows it.
type shimFile struct {
	methods uintptr
	handle  uintptr
}

const shimFileSize = unsafe.Sizeof(shimFile{})

// opened is what we know of an open file.
type opened struct {
	disk *disk
	name string
}

var (
	shimOnce    sync.Once
	shimFailure string
	realVFS     uintptr
	shimMethods uintptr
	handles     sync.Map // handle to *opened
	lastHandle  atomic.Uintptr
)

// in is the thing at an address that the engine gave out.
func in[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// entry is a Go function as the engine's tables hold it.
func entry(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }

// as is the function that stands in one of the engine's tables.
func as[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }

type (
	fnFile     = func(*libc.TLS, uintptr) int32
	fnFileInt  = func(*libc.TLS, uintptr, int32) int32
	fnFilePtr  = func(*libc.TLS, uintptr, uintptr) int32
	fnTransfer = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	fnTruncate = func(*libc.TLS, uintptr, int64) int32
	fnControl  = func(*libc.TLS, uintptr, int32, uintptr) int32
	fnShmMap   = func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32
	fnShmLock  = func(*libc.TLS, uintptr, int32, int32, int32) int32
	fnBarrier  = func(*libc.TLS, uintptr)
	fnOpen     = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	fnDelete   = func(*libc.TLS, uintptr, uintptr, int32) int32
)

// installShim makes the shim this process's default way to the file system.
func installShim(t *testing.T) {
	t.Helper()
	shimOnce.Do(func() {
		tls := libc.NewTLS() // lives as long as the process
		realVFS = sqlite.Xsqlite3_vfs_find(tls, 0)
		name, err := libc.CString("crash")
		shimMethods = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite.Tsqlite3_io_methods{})))
		vfs := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite.Tsqlite3_vfs{})))
		if err != nil || realVFS == 0 || vfs == 0 || shimMethods == 0 {
			shimFailure = "the engine has no file system to stand before"
			return
		}
		*in[sqlite.Tsqlite3_io_methods](shimMethods) = sqlite.Tsqlite3_io_methods{
			FiVersion: 2, // without memory-mapped reads, which would pass us by
			FxClose:   entry(shimClose), FxRead: entry(shimRead), FxWrite: entry(shimWrite), FxTruncate: entry(shimTruncate),
			FxSync: entry(shimSync), FxFileSize: entry(shimFileSize_), FxLock: entry(shimLock), FxUnlock: entry(shimUnlock),
			FxCheckReservedLock: entry(shimCheckReservedLock), FxFileControl: entry(shimFileControl), FxSectorSize: entry(shimSectorSize),
			FxDeviceCharacteristics: entry(shimCharacteristics), FxShmMap: entry(shimShmMap), FxShmLock: entry(shimShmLock),
			FxShmBarrier: entry(shimShmBarrier), FxShmUnmap: entry(shimShmUnmap),
		}
		v := in[sqlite.Tsqlite3_vfs](vfs)
		*v = *in[sqlite.Tsqlite3_vfs](realVFS)
		v.FzName, v.FpNext, v.FszOsFile = name, 0, v.FszOsFile+int32(shimFileSize)
		v.FxOpen, v.FxDelete = entry(shimOpen), entry(shimDelete)
		if rc := sqlite.Xsqlite3_vfs_register(tls, vfs, 1); rc != sqlite.SQLITE_OK {
			shimFailure = "the engine does not take another file system"
		}
	})
	if shimFailure != "" {
		t.Fatal(shimFailure)
	}
}

// known is what we know of the engine's file.
func known(file uintptr) *opened {
	o, _ := handles.Load(in[shimFile](file).handle)
	return o.(*opened)
}

// below is the real file of the engine's, and its functions.
func below(file uintptr) (uintptr, *sqlite.Tsqlite3_io_methods) {
	real := file + shimFileSize
	return real, in[sqlite.Tsqlite3_io_methods](in[sqlite.Tsqlite3_file](real).FpMethods)
}

func shimOpen(tls *libc.TLS, _ uintptr, path, file uintptr, flags int32, out uintptr) int32 {
	o := &opened{}
	if path != 0 {
		name := libc.GoString(path)
		o.disk, o.name = diskOf(name), filepath.Base(name)
	}
	*in[shimFile](file) = shimFile{}
	in[sqlite.Tsqlite3_file](file + shimFileSize).FpMethods = 0
	rc := o.disk.do(op{kind: opOpen, file: o.name}, func() int32 {
		return as[fnOpen](in[sqlite.Tsqlite3_vfs](realVFS).FxOpen)(tls, realVFS, path, file+shimFileSize, flags, out)
	})
	if in[sqlite.Tsqlite3_file](file+shimFileSize).FpMethods != 0 {
		handle := lastHandle.Add(1)
		handles.Store(handle, o)
		*in[shimFile](file) = shimFile{methods: shimMethods, handle: handle}
	}
	return rc
}

func shimDelete(tls *libc.TLS, _ uintptr, path uintptr, syncFolder int32) int32 {
	name := libc.GoString(path)
	return diskOf(name).do(op{kind: opRemove, file: filepath.Base(name)}, func() int32 {
		return as[fnDelete](in[sqlite.Tsqlite3_vfs](realVFS).FxDelete)(tls, realVFS, path, syncFolder)
	})
}

func shimClose(tls *libc.TLS, file uintptr) int32 {
	real, m := below(file)
	handles.Delete(in[shimFile](file).handle)
	return as[fnFile](m.FxClose)(tls, real)
}

func shimRead(tls *libc.TLS, file, buf uintptr, n int32, at int64) int32 {
	o := known(file)
	real, m := below(file)
	return o.disk.do(op{kind: opRead, file: o.name, at: at}, func() int32 { return as[fnTransfer](m.FxRead)(tls, real, buf, n, at) })
}

func shimWrite(tls *libc.TLS, file, buf uintptr, n int32, at int64) int32 {
	o := known(file)
	real, m := below(file)
	data := unsafe.Slice(in[byte](buf), int(n))
	return o.disk.do(op{kind: opWrite, file: o.name, at: at, data: data}, func() int32 { return as[fnTransfer](m.FxWrite)(tls, real, buf, n, at) })
}

func shimTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	o := known(file)
	real, m := below(file)
	return o.disk.do(op{kind: opTruncate, file: o.name, at: size}, func() int32 { return as[fnTruncate](m.FxTruncate)(tls, real, size) })
}

func shimSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	o := known(file)
	real, m := below(file)
	return o.disk.do(op{kind: opSync, file: o.name}, func() int32 { return as[fnFileInt](m.FxSync)(tls, real, flags) })
}

func shimFileSize_(tls *libc.TLS, file, out uintptr) int32 {
	real, m := below(file)
	return as[fnFilePtr](m.FxFileSize)(tls, real, out)
}

func shimLock(tls *libc.TLS, file uintptr, level int32) int32 {
	real, m := below(file)
	return as[fnFileInt](m.FxLock)(tls, real, level)
}

func shimUnlock(tls *libc.TLS, file uintptr, level int32) int32 {
	real, m := below(file)
	return as[fnFileInt](m.FxUnlock)(tls, real, level)
}

func shimCheckReservedLock(tls *libc.TLS, file, out uintptr) int32 {
	real, m := below(file)
	return as[fnFilePtr](m.FxCheckReservedLock)(tls, real, out)
}

func shimFileControl(tls *libc.TLS, file uintptr, what int32, arg uintptr) int32 {
	real, m := below(file)
	return as[fnControl](m.FxFileControl)(tls, real, what, arg)
}

func shimSectorSize(tls *libc.TLS, file uintptr) int32 {
	real, m := below(file)
	return as[fnFile](m.FxSectorSize)(tls, real)
}

func shimCharacteristics(tls *libc.TLS, file uintptr) int32 {
	real, m := below(file)
	return as[fnFile](m.FxDeviceCharacteristics)(tls, real)
}

func shimShmMap(tls *libc.TLS, file uintptr, region, size, extend int32, out uintptr) int32 {
	real, m := below(file)
	return as[fnShmMap](m.FxShmMap)(tls, real, region, size, extend, out)
}

func shimShmLock(tls *libc.TLS, file uintptr, at, n, flags int32) int32 {
	real, m := below(file)
	return as[fnShmLock](m.FxShmLock)(tls, real, at, n, flags)
}

func shimShmBarrier(tls *libc.TLS, file uintptr) {
	real, m := below(file)
	as[fnBarrier](m.FxShmBarrier)(tls, real)
}

func shimShmUnmap(tls *libc.TLS, file uintptr, remove int32) int32 {
	real, m := below(file)
	return as[fnFileInt](m.FxShmUnmap)(tls, real, remove)
}

// wal says whether an operation is on the engine's log of pages.
func (o op) wal() bool { return strings.HasSuffix(o.file, "-wal") }
