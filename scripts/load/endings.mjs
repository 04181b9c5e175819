/**
 * Runs a command that starts programs of its own: `work(ending)` puts on the list what ends each of them, and says whether all
 * was well. Whatever happens, an interruption included, they are ended, the last one first, also when some of them fail to.
 */
export async function withEndings(work) {
  const ending = [];
  let stopping;
  const stopAll = () => (stopping ??= endAll(ending));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => stopAll().finally(() => process.exit(130)));
  try {
    process.exitCode = (await work(ending)) ? 0 : 1;
  } catch (error) {
    if (!stopping) console.error(error); // else it failed because everything was being ended
    process.exitCode = 1;
  } finally {
    await stopAll();
  }
}

async function endAll(ending) {
  for (const end of ending.splice(0).reverse()) {
    await Promise.resolve()
      .then(end)
      .catch(error => console.error(error));
  }
}
