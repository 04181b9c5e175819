import { DecideDocument, RunledgerClient, RunsChangedDocument, RunsDocument, InboxDocument } from '@runledger/client';

const runs = new Map();
const problem = document.querySelector('#problem');
let stop = new AbortController();

document.querySelector('#connect').addEventListener('submit', event => {
  event.preventDefault();
  const { url, token } = Object.fromEntries(new FormData(event.target));
  stop.abort();
  stop = new AbortController();
  begin(new RunledgerClient({ url, token, onProblem: say }), stop);
});

/** From the beginning; once more when the platform says that what is shown is of a log that it does not have any more. */
function begin(client, stop) {
  runs.clear();
  follow(client, stop).catch(error => (error.code === 'CURSOR_EXPIRED' ? begin(client, stop) : say(error)));
}

/** Subscribes first and reads the list behind it, so that nothing lies between the two. */
async function follow(client, { signal }) {
  for await (const { runsChanged: item } of client.subscribe(RunsChangedDocument, {}, { signal })) {
    problem.textContent = '';
    if (item.__typename === 'ChangesBegin') {
      const { runs: found } = await client.request(RunsDocument, { first: 20, atLeast: item.cursor });
      for (const run of found.nodes.toReversed()) runs.set(run.id, run);
    } else {
      runs.set(item.run.id, item.run);
    }
    show(client);
  }
}

function show(client) {
  const rows = [...runs.values()].toReversed().map(run => {
    const { number, flow, status, stepCounts, waitingOn } = run;
    const row = document.createElement('tr');
    const cells = [`#${number}`, flow.name, status, `${stepCounts.completed}/${stepCounts.total}`];
    for (const text of cells) row.insertCell().textContent = text;
    const waits = row.insertCell();
    waits.textContent = waitingOn.map(({ what }) => what).join(', ');
    if (run.availableActions.includes('DECIDE')) waits.append(button('Approve', () => approve(client, run.id)));
    return row;
  });
  document.querySelector('#runs').replaceChildren(...rows);
}

/** A decision names what was shown, and counts for nothing else. */
async function approve(client, runId) {
  const { inbox } = await client.request(InboxDocument, {});
  for (const { id, shownHash, run } of inbox.nodes) {
    if (run.id !== runId) continue;
    const { decide } = await client.request(DecideDocument, {
      input: { requestId: id, decision: 'APPROVE', shownHash },
    });
    if (decide.__typename === 'DecisionRefused') say(decide);
  }
}

function button(text, act) {
  const made = Object.assign(document.createElement('button'), { textContent: text });
  made.addEventListener('click', () => act().catch(say));
  return made;
}

function say({ message, more }) {
  problem.textContent = [message, more?.fix].filter(Boolean).join(' ');
}
