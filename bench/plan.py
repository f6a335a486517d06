"""The plan of the benchmark: the works, the contenders in each, and final's targets."""

from dataclasses import dataclass, field

KIB = 1 << 10
MIB = 1 << 20
DATA = "build/bench/data"
COPIED = "build/bench/copied"
SIZE = 256 * MIB  # of the data


@dataclass(frozen=True)
class Contender:
    """A program and its arguments. The tables use its name."""

    name: str
    program: str  # of bench/WORK
    kind: str = "windows"  # native, dotnet
    newer: bool = False  # not on .NET Core 3.1
    line: tuple = ()  # instead of program: the words that start it
    to_stdout: bool = False  # writes the copy to stdout
    threads: tuple = ()  # numbers to try; the default is measured, too
    arguments: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """One table. It compares the first contender with the others."""

    name: str
    title: str
    directory: str  # bench/DIRECTORY
    contenders: tuple
    arguments: dict
    reads: int = 0  # in a run; 0: enough for this time
    seconds: float = 0.2
    quick_reads: int = 0  # in the short run; 0: as many
    warm: int = 0  # reads before them, which do not count; if reads is 0: as many
    cold: bool = False  # the file is not in the page cache
    measure: str = "rate"  # or latency, pending, whole: the columns of the table
    depths_name: str = ""  # the plot of works that differ only in their depth
    rounds: int = 9
    quick: bool = False  # also in the short run


DEPTHS = (1, 8, 32, 128)
THREADS = (1, 2, 4, 8, 16, 32)
POOL = Contender("pool", "pool", threads=THREADS)
LOOP = Contender("port, by hand", "loop", threads=THREADS)
THREADPOOL_IO = Contender(
    "CreateThreadpoolIo", "threadpool_io", threads=THREADS
)
BIND_CALLBACK = Contender("BindIoCompletionCallback", "bind_callback")
ASIO = Contender("asio", "asio", threads=THREADS)
WORKERS = Contender("threads that read", "workers", threads=THREADS)
EVENT = Contender("an event per read", "event")
SYNC_OFFSET = Contender("ReadFile with an offset", "sync_offset")
SYNC = Contender("ReadFile", "sync")
NATIVE = Contender("pread", "native", "native", arguments={"threads": 1})
NATIVE_2 = Contender(
    "pread, 2 threads", "native", "native", arguments={"threads": 2}
)
BIND_HANDLE = Contender(
    ".NET BindHandle", "BindHandle", "dotnet", threads=(2, 4, 8, 16, 32)
)
BOUND_HANDLE = Contender(
    ".NET ThreadPoolBoundHandle",
    "BoundHandle",
    "dotnet",
    threads=(2, 4, 8, 16, 32),
)
NET_MANY = Contender(
    ".NET FileStream.ReadAsync",
    "FileStreamMany",
    "dotnet",
    threads=(2, 4, 8, 16, 32),
)
NET_SYNC = Contender(".NET FileStream.Read", "FileStreamSync", "dotnet")
NET_AT_OFFSET = Contender(
    ".NET RandomAccess.ReadAsync",
    "AtOffset",
    "dotnet",
    newer=True,
    threads=(2, 4, 8, 16, 32),
    arguments={"style": "asynchronous"},
)
NET_AT_OFFSET_SYNC = Contender(
    ".NET RandomAccess.Read",
    "AtOffset",
    "dotnet",
    newer=True,
    arguments={"style": "synchronous"},
)
STREAMS = Contender(
    "stream, asynchronous",
    "stream",
    threads=THREADS,
    arguments={"style": "callbacks"},
)

POOLS = (
    POOL,
    LOOP,
    STREAMS,
    THREADPOOL_IO,
    BIND_CALLBACK,
    ASIO,
    WORKERS,
    EVENT,
    BIND_HANDLE,
    BOUND_HANDLE,
    NET_MANY,
    NET_AT_OFFSET,
)
IN_TURN = (SYNC, SYNC_OFFSET, NATIVE, NATIVE_2, NET_SYNC, NET_AT_OFFSET_SYNC)


def text(size):
    """Returns a size as text: "4 KiB" for 4096."""
    if size < KIB:
        return f"{size} bytes"
    return f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"


def at_random(block, depth, **others):
    cold = others.get("cold", False)
    return Work(
        f"random {text(block)} x {depth}" + (", cold" if cold else ""),
        f"{text(block)} at random places, {depth} in flight"
        + (", none in the page cache" if cold else ""),
        "reads",
        POOLS + IN_TURN,
        {"file": DATA, "block": block, "order": "random", "depth": depth},
        depths_name="" if cold else f"random {text(block)}",
        **others,
    )


def in_order(block, depth, **others):
    return Work(
        f"whole file {text(block)} x {depth}"
        + (", cold" if others.get("cold") else ""),
        f"the whole file in blocks of {text(block)}, {depth} in flight"
        + (", none in the page cache" if others.get("cold") else ""),
        "reads",
        POOLS + IN_TURN,
        {"file": DATA, "block": block, "order": "sequential", "depth": depth},
        **{
            "reads": 8 * SIZE // block,
            "quick_reads": SIZE // block,
            "warm": SIZE // block,
            **others,
        },
    )


def through_buffer(block, buffer, **others):
    size = text(buffer) if buffer else "none"
    contenders = (
        Contender("stream, synchronous", "stream"),
        Contender(
            "stream, asynchronous",
            "stream",
            threads=(1, 2, 4),
            arguments={"style": "callbacks"},
        ),
        Contender(
            "stream, asynchronous, waited for",
            "stream",
            threads=(1, 2, 4),
            arguments={"style": "asynchronous"},
        ),
        Contender("fread", "stdio"),
        Contender("ReadFile", "sync"),
        Contender(".NET FileStream.Read", "FileStreamSync", "dotnet"),
        Contender(
            ".NET FileStream.ReadAsync",
            "FileStreamAsync",
            "dotnet",
            threads=(2, 4, 8),
        ),
    )
    return Work(
        f"small reads {text(block)}, buffer {size}",
        f"the file in order in blocks of {text(block)}, "
        + (f"through a buffer of {size}" if buffer else "with no buffer"),
        "reads",
        tuple(filter(None, contenders)),
        {"file": DATA, "block": block, "order": "sequential", "buffer": buffer},
        **others,
    )


def latency(depth):
    """One completion: the time from ReadFile to the callback."""
    return Work(
        f"latency x {depth}",
        "from ReadFile to the callback, 4 KiB at random, "
        + ("nothing else in flight" if depth == 1 else f"{depth} in flight"),
        "reads",
        POOLS + IN_TURN,
        {
            "file": DATA,
            "block": 4 * KIB,
            "order": "random",
            "depth": depth,
            "latency": 1,
        },
        measure="latency",
    )


FILES = Work(
    "small files",
    "10,000 files of 4 KiB opened, read, closed",
    "files",
    (
        Contender(
            "pool", "pool", threads=(1, 2, 4, 8, 16), arguments={"depth": 8}
        ),
        Contender(
            "port, by hand",
            "loop",
            threads=(1, 2, 4, 8, 16),
            arguments={"depth": 8},
        ),
        Contender(
            "CreateThreadpoolIo",
            "threadpool_io",
            threads=(1, 2, 4, 8, 16),
            arguments={"depth": 8},
        ),
        Contender(
            "asio", "asio", threads=(1, 2, 4, 8, 16), arguments={"depth": 8}
        ),
        Contender(
            "threads that read",
            "workers",
            threads=(1, 2, 4, 8, 16),
            arguments={"depth": 8},
        ),
        Contender(
            "stream, synchronous", "stream", arguments={"style": "synchronous"}
        ),
        Contender(
            "stream, asynchronous",
            "stream",
            arguments={"style": "asynchronous"},
        ),
        Contender("ReadFile", "sync"),
        Contender("read", "native", "native"),
        Contender(
            ".NET FileStream.Read",
            "FileStream",
            "dotnet",
            arguments={"style": "synchronous"},
        ),
        Contender(
            ".NET FileStream.ReadAsync",
            "FileStream",
            "dotnet",
            arguments={"style": "asynchronous"},
        ),
        Contender(
            ".NET File.ReadAllBytesAsync",
            "AllBytes",
            "dotnet",
            threads=(2, 4, 8),
            arguments={"depth": 8},
        ),
    ),
    {"directory": "build/bench/small", "count": 10000, "size": 4 * KIB},
    reads=10000,
    warm=1000,
)

PIPE = Work(
    "slow pipe",
    "1,000 reads pending on a pipe that brings a piece each ms",
    "pipe",
    (
        Contender("pool", "pool"),
        Contender("port, by hand", "loop"),
        Contender("stream, asynchronous", "stream"),
        Contender("CreateThreadpoolIo", "threadpool_io"),
        Contender("BindIoCompletionCallback", "bind_callback"),
        Contender("asio", "asio"),
        Contender("an event per read", "event"),
        Contender("a thread per read", "threads"),
        Contender(".NET ThreadPoolBoundHandle", "BoundHandle", "dotnet"),
        Contender(".NET FileStream.ReadAsync", "NamedPipe", "dotnet"),
    ),
    {"reads": 1000, "piece": 64, "pause": 1},
    reads=1000,
    measure="pending",
)

COPY = Work(
    "copy",
    "256 MiB copied by a whole program",
    "copy",
    (
        Contender(
            "copy.exe", "copy", line=("build/copy.exe", "--force", DATA, COPIED)
        ),
        Contender(
            "final.exe --cat",
            "final",
            line=("build/final.exe", "--cat", DATA),
            to_stdout=True,
        ),
        Contender("CopyFileW", "copyfile"),
        Contender("ReadFile and WriteFile", "sync"),
        Contender("asio", "asio"),
        Contender("cp", "cp", "native", line=("cp", DATA, COPIED)),
        Contender(".NET CopyTo", "CopyTo", "dotnet"),
        Contender(".NET CopyToAsync", "CopyToAsync", "dotnet"),
        Contender(".NET File.Copy", "FileCopy", "dotnet"),
    ),
    {"source": DATA, "destination": COPIED},
    reads=1,
    measure="whole",
    quick=True,
)

LARGE = Work(
    "large file",
    "a sparse file of 6 GiB in blocks of 1 MiB, 8 in flight",
    "reads",
    (POOL,),
    {
        "file": "build/bench/sparse",
        "block": MIB,
        "order": "sequential",
        "depth": 8,
    },
    reads=6 * 1024,
)

ONE_READ = Work(
    "one read",
    "a program that reads 4 KiB once, from its start to its exit",
    "reads",
    (
        Contender("pool", "pool"),
        Contender("port, by hand", "loop"),
        Contender("stream, synchronous", "stream"),
        Contender("CreateThreadpoolIo", "threadpool_io"),
        Contender("asio", "asio"),
        Contender("ReadFile", "sync"),
        Contender("pread", "native", "native"),
        Contender(".NET BindHandle", "BindHandle", "dotnet"),
        Contender(".NET FileStream.Read", "FileStreamSync", "dotnet"),
        NET_AT_OFFSET_SYNC,
    ),
    {"file": DATA, "block": 4 * KIB, "order": "random"},
    reads=1,
    measure="whole",
    quick=True,
)

WORKS = (
    *(
        # Most of the targets are here, and its figures vary most.
        at_random(block, depth, quick=True, rounds=15, seconds=1.0)
        if (block, depth) == (4 * KIB, 32)
        else at_random(block, depth)
        for block in (4 * KIB, 64 * KIB, MIB)
        for depth in DEPTHS
    ),
    in_order(64 * KIB, 8),
    in_order(MIB, 8, quick=True),
    through_buffer(512, 4 * KIB),
    through_buffer(4 * KIB, 0),
    through_buffer(4 * KIB, 64 * KIB),
    through_buffer(4 * KIB, MIB, quick=True),
    FILES,
    COPY,
    PIPE,
    latency(1),
    latency(32),
    ONE_READ,
    LARGE,
    at_random(4 * KIB, 32, cold=True, reads=2000),
    at_random(64 * KIB, 32, cold=True, reads=1000),
    in_order(MIB, 8, cold=True, reads=SIZE // MIB, warm=0),
)


@dataclass(frozen=True)
class Target:
    """In a work, final's contender must be so many times as good as the other one. The
    target 1.0 is reached if 1.0 lies in the middle half of at least nine ratios, or
    below."""

    work: str
    ours: str
    other: str
    least: float
    measure: str = "speed"  # or another one of report.MEASURES


def against(work, ours, others, least, measure="speed"):
    return tuple(Target(work, ours, other, least, measure) for other in others)


FAST = "random 4 KiB x 32"
WHOLE = "whole file 1 MiB x 8"
SMALL = tuple(
    work.name for work in WORKS if work.name.startswith("small reads")
)
NET_POOLS = (
    ".NET BindHandle",
    ".NET ThreadPoolBoundHandle",
    ".NET FileStream.ReadAsync",
    ".NET RandomAccess.ReadAsync",
)
NET_FILES = tuple(
    c.name for c in FILES.contenders if c.kind == "dotnet"
)
TARGETS = (
    *against(FAST, "pool", NET_POOLS, 1.0),
    Target(FAST, "pool", "CreateThreadpoolIo", 2.0),
    Target(FAST, "pool", "asio", 1.0),
    Target(FAST, "pool", "port, by hand", 0.95),
    *against(WHOLE, "pool", NET_POOLS, 1.05),
    Target(WHOLE, "pool", "pread", 1.5),
    *(
        Target(work, "stream, synchronous", ".NET FileStream.Read", 1.0)
        for work in SMALL
    ),
    Target(
        SMALL[0], "stream, asynchronous", ".NET FileStream.ReadAsync", 5.0
    ),
    *(
        Target(work, "stream, asynchronous", ".NET FileStream.ReadAsync", 1.0)
        for work in SMALL[1:]
    ),
    *(
        Target(work, "stream, synchronous", "fread", 1.0)
        for work in SMALL
        if not work.endswith("none")
    ),
    *against(FILES.name, "pool", NET_FILES, 1.5),
    Target(FILES.name, "pool", "port, by hand", 0.95),
    Target("copy", "final.exe --cat", "cp", 0.8),
    Target("one read", "pool", ".NET BindHandle", 4.0),
    Target("one read", "pool", ".NET BindHandle", 3.0, "memory"),
    Target("one read", "stream, synchronous", ".NET FileStream.Read", 4.0),
    Target(
        "one read", "stream, synchronous", ".NET FileStream.Read", 3.0, "memory"
    ),
    *(
        Target(PIPE.name, ours, other, 1.0, measure)
        for ours, other in (
            ("pool", ".NET ThreadPoolBoundHandle"),
            ("stream, asynchronous", ".NET FileStream.ReadAsync"),
        )
        for measure in ("threads while pending", "memory while pending")
    ),
    # By the processor time of a read in the process.
    Target(FAST, "pool", ".NET BindHandle", 1.0, "processor time"),
    Target(FAST, "pool", "asio", 1.0, "processor time"),
    Target(FAST, "pool", "port, by hand", 0.95, "processor time"),
)

# The warm-up of a contender on .NET takes at least so long, in s.
WARM_SECONDS = 1
# make bench-warm-up measures these works in so many parts.
WARM_WORKS = (FAST, SMALL[0], SMALL[2], FILES.name)
WARM_PARTS = 10
