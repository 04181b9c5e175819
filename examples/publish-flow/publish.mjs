// Publishes the profile.json and flow.yaml of a folder, either of which may be absent:
//
//   node examples/publish-flow/publish.mjs examples/hello-flow
//
// Needs RUNLEDGER_TOKEN; RUNLEDGER_URL defaults to http://127.0.0.1:4000. Exit code 1: something was refused.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PUBLISH_PROFILE = /* GraphQL */ `
  mutation ($definition: JSON!) {
    published: publishSandboxProfile(input: { definition: $definition }) {
      __typename
      ... on SandboxProfile {
        slug
        version
      }
      ... on Refusal {
        code
        message
        fix
        details {
          path
          message
          fix
        }
      }
    }
  }
`;

const PUBLISH_FLOW = /* GraphQL */ `
  mutation ($source: String!) {
    published: publishFlow(input: { source: $source }) {
      __typename
      ... on FlowVersion {
        flow {
          slug
        }
        version
      }
      ... on Refusal {
        code
        message
        fix
        details {
          path
          message
          fix
          line
          column
        }
      }
    }
  }
`;

const [folder] = process.argv.slice(2);
const { RUNLEDGER_URL = 'http://127.0.0.1:4000', RUNLEDGER_TOKEN } = process.env;
const documents = [
  [PUBLISH_PROFILE, 'profile.json', text => ({ definition: JSON.parse(text) })],
  [PUBLISH_FLOW, 'flow.yaml', text => ({ source: text })],
];

try {
  if (!folder) throw new Error('Name a folder: node examples/publish-flow/publish.mjs examples/hello-flow');
  if (!RUNLEDGER_TOKEN) throw new Error('Set RUNLEDGER_TOKEN: export RUNLEDGER_TOKEN=$(cat .runledger/token)');
  const there = documents.filter(([, name]) => existsSync(join(folder, name)));
  if (there.length === 0) throw new Error(`${folder} has neither a profile.json nor a flow.yaml.`);
  for (const [mutation, name, variablesOf] of there) await publish(join(folder, name), mutation, variablesOf);
} catch (problem) {
  console.error(problem.message);
  process.exitCode = 1;
}

async function publish(file, mutation, variablesOf) {
  const { published } = await graphql(mutation, read(file, variablesOf));
  if (!('code' in published)) {
    console.log(`${file}: ${published.slug ?? published.flow.slug}, version ${published.version}`);
    return;
  }
  process.exitCode = 1;
  const { code, message: refusal, fix: remedy, details } = published;
  console.error([`${file}: ${code}: ${refusal}`, details.length === 0 && remedy].filter(Boolean).join(' '));
  for (const { path, message, fix, line, column } of details) {
    const place = line ? `${file}:${line}:${column}` : file;
    console.error([[place, path, message].filter(Boolean).join(': '), fix].filter(Boolean).join(' '));
  }
}

function read(file, variablesOf) {
  try {
    return variablesOf(readFileSync(file, 'utf8'));
  } catch (problem) {
    throw new Error(`${file}: ${problem.message}`, { cause: problem });
  }
}

async function graphql(query, variables) {
  const answer = await fetch(`${RUNLEDGER_URL}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${RUNLEDGER_TOKEN}` },
    body: JSON.stringify({ query, variables }),
  }).catch(problem => {
    const reason = problem.cause?.code ?? problem.cause?.message ?? problem.message;
    throw new Error(`${RUNLEDGER_URL} cannot be reached (${reason}): does the platform run there?`, { cause: problem });
  });
  const { data, errors } = await answer.json();
  if (errors)
    throw new Error(
      errors.map(({ message, extensions }) => [message, extensions?.fix].filter(Boolean).join(' ')).join('\n'),
    );
  return data;
}
