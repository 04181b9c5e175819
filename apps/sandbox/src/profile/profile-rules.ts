import { networkOf } from '@runledger/contracts';
import type { ProfileDefinition } from '@runledger/contracts';
import type { Problem } from '@runledger/kernel';

/** Where mounts may not go: the sandbox puts its own things there. */
const RESERVED = [
  '/workspace',
  '/home/agent',
  '/proc',
  '/sys',
  '/dev',
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/libx32',
  '/lib64',
  '/etc',
  '/tmp',
  '/opt/node',
  '/run',
];
/** Set for each command by the platform; a profile that changed them would break its own sandbox. */
const OWN_VARIABLES = ['HOME', 'PATH', 'RUNLEDGER_OUTPUT'];

const MIB = 1_048_576;
/** Below these no program starts at all. */
const LEAST: ProfileDefinition['limits'] = {
  memoryBytes: 16 * MIB,
  pids: 8,
  cpuPercent: 1,
  tmpBytes: MIB,
  workspaceBytes: MIB,
  outputBytes: 4_096,
};

/** What a profile asks for that no sandbox can give; empty when it is sound. */
export function profileProblems(profile: ProfileDefinition): Problem[] {
  return [
    ...profile.mounts.flatMap((mount, index) => mountProblems(mount, `mounts[${index}]`)),
    ...profile.repositories.flatMap((repository, index) =>
      pathProblems(repository.path, `repositories[${index}].path`),
    ),
    ...Object.keys(profile.env).flatMap(variableProblems),
    ...limitProblems(profile.limits),
    ...imageProblems(profile),
    ...networkProblems(profile),
    ...duplicates(
      profile.mounts.map(mount => mount.target),
      'mounts',
      'target',
    ),
    ...duplicates(
      profile.repositories.map(repository => repository.path),
      'repositories',
      'path',
    ),
  ];
}

function networkProblems(profile: ProfileDefinition): Problem[] {
  const { mode, hosts } = networkOf(profile);
  if (mode === 'none' && hosts.length === 0) return [];
  if (mode === 'none') {
    const fix = 'Set network.mode to allowlist, or leave the hosts out.';
    return [{ path: 'network.hosts', message: 'Hosts are listed, but the mode is none.', fix }];
  }
  if (profile.isolation !== 'none') return [];
  const fix = 'Set isolation to bubblewrap.';
  return [{ path: 'network', message: 'Without isolation nothing can be kept from the network.', fix }];
}

function imageProblems({ isolation, image }: ProfileDefinition): Problem[] {
  const takesImage = isolation === 'docker' || isolation === 'kubernetes';
  if (takesImage === (image !== undefined)) return [];
  if (takesImage) {
    const fix = 'Name an image, such as node:24-bookworm.';
    return [{ path: 'image', message: `Isolation by ${isolation} needs an image.`, fix }];
  }
  const fix = 'Set isolation to docker or kubernetes, or leave the image out.';
  return [{ path: 'image', message: `With isolation ${isolation} no image is used.`, fix }];
}

function limitProblems(limits: ProfileDefinition['limits']): Problem[] {
  return (Object.keys(LEAST) as (keyof typeof LEAST)[]).flatMap(name => {
    const least = LEAST[name];
    if (limits[name] >= least) return [];
    return [
      { path: `limits.${name}`, message: `No program starts with ${limits[name]}.`, fix: `Give at least ${least}.` },
    ];
  });
}

function mountProblems(mount: ProfileDefinition['mounts'][number], path: string): Problem[] {
  const problems: Problem[] = [];
  if (!isPlainAbsolute(mount.source)) problems.push(absolute(`${path}.source`));
  if (!isPlainAbsolute(mount.target)) problems.push(absolute(`${path}.target`));
  else problems.push(...targetProblems(mount.target, `${path}.target`));
  return problems;
}

/** Over a place, below it, or over everything above it: either would hide what the sandbox has there, or be hidden by it. */
function targetProblems(target: string, path: string): Problem[] {
  const fix = 'Choose a place of its own, such as /mnt/data.';
  if (RESERVED.some(taken => isAtOrBelow(target, taken))) {
    return [{ path, message: `${target} belongs to the sandbox itself.`, fix }];
  }
  const within = RESERVED.find(taken => isAtOrBelow(taken, target));
  if (within === undefined) return [];
  return [{ path, message: `${target} holds ${within}, which belongs to the sandbox itself.`, fix }];
}

function isAtOrBelow(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

function absolute(path: string): Problem {
  return {
    path,
    message: 'Must be an absolute path without empty parts, `.` or `..`.',
    fix: 'Write the path from / on.',
  };
}

function isPlainAbsolute(path: string): boolean {
  // No empty, `.` or `..` part: `//usr` and `/./usr` are /usr, too.
  return /^(\/[^/\0]+)+$/.test(path) && !path.split('/').some(part => part === '.' || part === '..');
}

function pathProblems(repositoryPath: string, path: string): Problem[] {
  const parts = repositoryPath.split('/');
  if (!repositoryPath.startsWith('/') && !parts.includes('..') && !repositoryPath.includes('\0')) return [];
  return [
    {
      path,
      message: 'Must be a path below the workspace.',
      fix: 'Write it relative, without `..`; `.` is the workspace itself.',
    },
  ];
}

function variableProblems(name: string): Problem[] {
  const path = `env.${name}`;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return [{ path, message: 'Is no name of a variable.', fix: 'Use letters, digits and underscores.' }];
  }
  if (OWN_VARIABLES.includes(name)) return [{ path, message: 'Is set by the platform.', fix: 'Leave it out.' }];
  return [];
}

function duplicates(values: readonly string[], list: string, member: string): Problem[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) === index
      ? []
      : [{ path: `${list}[${index}].${member}`, message: `${value} is there twice.`, fix: 'Name each place once.' }],
  );
}
