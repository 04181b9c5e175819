/** Brings the jars of Apache Kafka from Maven Central, once; afterwards they are found without a network. */
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const here = import.meta.dirname;
const FETCH_LIMIT_MS = 300_000;
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** Version of the broker, as pom.xml names it. */
export function kafkaVersion() {
  return /<kafka\.version>([^<]+)</.exec(readFileSync(join(here, 'pom.xml'), 'utf8'))[1];
}

/** Folder of the jars; it exists only when all of them are there. */
export function kafkaFolder() {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(caches, 'runledger', `kafka-${kafkaVersion()}`);
}

/** What is missing to run the broker: names of programs, empty when nothing is. Jars that were fetched need no Maven. */
export function missingForKafka() {
  const needed = existsSync(kafkaFolder()) ? ['java'] : ['java', 'mvn'];
  return needed.filter(program => !isOnPath(program));
}

/** Answers the folder of the jars. `report` is told when they have to be fetched first. */
export async function fetchKafka(report = () => undefined) {
  const folder = kafkaFolder();
  if (existsSync(folder)) return folder;
  const parent = join(folder, '..');
  mkdirSync(parent, { recursive: true });
  const unfinished = mkdtempSync(join(parent, 'fetching-'));
  report(`Fetching Apache Kafka ${kafkaVersion()} from Maven Central to ${folder} (about 45 MB, once)`);
  try {
    await maven([
      '-B',
      '-q',
      '-f',
      join(here, 'pom.xml'),
      COPY,
      '-DincludeScope=runtime',
      `-DoutputDirectory=${unfinished}`,
    ]);
    publish(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Two who fetch at once both end with all jars: the second finds the folder in its place. */
function publish(unfinished, folder) {
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

function maven(args) {
  return new Promise((resolve, reject) => {
    const child = spawn('mvn', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: FETCH_LIMIT_MS });
    let output = '';
    child.stdout.on('data', chunk => (output += chunk));
    child.stderr.on('data', chunk => (output += chunk));
    child.on('error', error => reject(new Error('Maven could not be started. Is mvn installed?', { cause: error })));
    child.on('close', code => {
      if (code === 0) resolve();
      else reject(new Error(`Maven could not fetch Apache Kafka (exit ${code}). It said:\n${output.slice(-2_000)}`));
    });
  });
}

export function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some(folder => folder && isExecutable(join(folder, program)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
