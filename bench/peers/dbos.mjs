import { fork } from 'node:child_process';

/** DBOS in a process of its own, on the given database. */
export async function openDbos(databaseUrl) {
  const child = fork(new URL('dbos.worker.mjs', import.meta.url), [databaseUrl]);
  const answer = () =>
    new Promise((resolve, reject) => {
      const ended = code => reject(new Error(`The DBOS process ended with ${code}.`));
      child.once('exit', ended);
      child.once('message', message => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  await answer();
  return {
    runMany: (runs, inFlight) => {
      const result = answer();
      child.send({ runs, inFlight });
      return result;
    },
    close: async () => {
      const ended = new Promise(resolve => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}
