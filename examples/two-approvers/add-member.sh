# Usage: add-member.sh <name> <e-mail>. Adds someone who may start runs and decide; the secret is shown this once.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: MemberInput!) { addMember(input: $input) { __typename ... on AddedMember { secret member { id name email } } ... on Refusal { code message fix } } }",
    "variables": { "input": { "name": "'"$1"'", "email": "'"$2"'", "scopes": ["FLOWS_READ", "FLOWS_RUN"] } }
  }'
