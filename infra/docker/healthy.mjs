/** What the image's HEALTHCHECK runs: ends with 0 when the service in this container answers on its internal port. */
const { INTERNAL_PORT = '4100' } = process.env;
try {
  const { ok } = await fetch(`http://127.0.0.1:${INTERNAL_PORT}/health/live`, { signal: AbortSignal.timeout(2_500) });
  process.exitCode = ok ? 0 : 1;
} catch {
  process.exitCode = 1; // it does not answer: that is all there is to say
}
