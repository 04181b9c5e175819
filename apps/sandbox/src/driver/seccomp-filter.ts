/** Classic BPF over `struct seccomp_data`: u32 nr at 0, u32 arch at 4, args (u64, little endian) from 16. */
const LOAD = 0x20;
const EQUAL = 0x15;
const ANY_BIT = 0x45;
const AT_LEAST = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;
const EPERM = 1;
const ENOSYS = 38;
/** CLONE_NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWNS. */
const NEW_NAMESPACES = 0x7e020000;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** System calls with this bit are the x32 ABI of x86_64, which no denial below would match. */
const X32_BIT = 0x40000000;

interface Table {
  /** AUDIT_ARCH_*: a program that switches to another ABI is killed. */
  readonly audit: number;
  readonly clone: number;
  readonly clone3: number;
  readonly ioctl: number;
  readonly hasX32: boolean;
  readonly denied: readonly number[];
}

/*
 * Denied, in this order: mount, umount2, pivot_root, chroot, unshare, setns, ptrace, process_vm_readv, process_vm_writev,
 * kcmp, pidfd_getfd, bpf, perf_event_open, add_key, request_key, keyctl, io_uring_setup, io_uring_enter,
 * io_uring_register, userfaultfd, init_module, finit_module, delete_module, kexec_load, kexec_file_load, open_tree,
 * move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr, swapon, swapoff, reboot, acct, quotactl, syslog,
 * settimeofday, clock_settime, adjtimex, clock_adjtime, open_by_handle_at, lookup_dcookie, vhangup.
 */
const X86_64: Table = {
  audit: 0xc000003e,
  clone: 56,
  clone3: 435,
  ioctl: 16,
  hasX32: true,
  denied: [
    165, 166, 155, 161, 272, 308, 101, 310, 311, 312, 438, 321, 298, 248, 249, 250, 425, 426, 427, 323, 175, 313, 176,
    246, 320, 428, 429, 430, 431, 432, 433, 442, 167, 168, 169, 163, 179, 103, 164, 227, 159, 305, 304, 212, 153,
  ],
};

const ARM64: Table = {
  audit: 0xc00000b7,
  clone: 220,
  clone3: 435,
  ioctl: 29,
  hasX32: false,
  denied: [
    40, 39, 41, 51, 97, 268, 117, 270, 271, 272, 438, 280, 241, 217, 218, 219, 425, 426, 427, 282, 105, 273, 106, 104,
    294, 428, 429, 430, 431, 432, 433, 442, 224, 225, 142, 89, 60, 116, 170, 112, 171, 266, 265, 18, 58,
  ],
};

const TABLES: Readonly<Partial<Record<NodeJS.Architecture, Table>>> = { x64: X86_64, arm64: ARM64 };

/** The deny-list as a program for `bwrap --seccomp`, or undefined for a processor without a table. */
export function seccompFilter(architecture: NodeJS.Architecture): Buffer | undefined {
  const table = TABLES[architecture];
  return table && assemble(program(table));
}

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

function program(table: Table): Instruction[] {
  return [
    [LOAD, 0, 0, 4],
    [EQUAL, 1, 0, table.audit],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, 0],
    ...(table.hasX32 ? refuseWhen([AT_LEAST, X32_BIT], ENOSYS) : []),
    // Its flags lie in memory that a filter cannot read; the C library falls back to clone.
    ...refuseWhen([EQUAL, table.clone3], ENOSYS),
    ...table.denied.flatMap(call => refuseWhen([EQUAL, call], EPERM)),
    [EQUAL, 0, 4, table.clone],
    [LOAD, 0, 0, 16],
    ...refuseWhen([ANY_BIT, NEW_NAMESPACES], EPERM),
    [RETURN, 0, 0, ALLOW],
    // Pushing characters into a terminal would be typing as its owner.
    [EQUAL, 0, 5, table.ioctl],
    [LOAD, 0, 0, 24],
    ...refuseWhen([EQUAL, TIOCSTI], EPERM),
    ...refuseWhen([EQUAL, TIOCLINUX], EPERM),
    [RETURN, 0, 0, ALLOW],
  ];
}

function refuseWhen([code, value]: readonly [number, number], errno: number): Instruction[] {
  return [
    [code, 0, 1, value],
    [RETURN, 0, 0, ERRNO | errno],
  ];
}

function assemble(instructions: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, ifTrue, ifFalse, value], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  });
  return bytes;
}
