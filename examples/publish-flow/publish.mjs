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

const folder = process.argv[2];
if (!folder) throw new Error('Name a folder: node examples/publish-flow/publish.mjs examples/hello-flow');
const profile = join(folder, 'profile.json');
const flow = join(folder, 'flow.yaml');
if (existsSync(profile)) await publish(profile, PUBLISH_PROFILE, text => ({ definition: JSON.parse(text) }));
if (existsSync(flow)) await publish(flow, PUBLISH_FLOW, text => ({ source: text }));

async function publish(file, query, variablesOf) {
  const { published } = await graphql(query, variablesOf(readFileSync(file, 'utf8')));
  if (!('code' in published)) {
    console.log(`${file}: ${published.slug ?? published.flow.slug}, version ${published.version}`);
    return;
  }
  process.exitCode = 1;
  console.error(`${file}: ${published.code}: ${published.message}`);
  for (const { path, message, fix, line, column } of published.details) {
    const place = line ? `${file}:${line}:${column}` : file;
    console.error([[place, path, message].filter(Boolean).join(': '), fix].filter(Boolean).join(' '));
  }
}

async function graphql(query, variables) {
  const { RUNLEDGER_URL = 'http://127.0.0.1:4000', RUNLEDGER_TOKEN } = process.env;
  const response = await fetch(`${RUNLEDGER_URL}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${RUNLEDGER_TOKEN}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors.map(error => error.message).join('; '));
  return data;
}
