# Usage: look-ahead.sh <flow>. Would it start, and what would it meet? Starts nothing.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "query ($input: StartRunInput!) { preflight(input: $input) { ready waves steps { key wave } gates { step message } estimate { runs complete total { formatted } } problems { code message fix } } }",
    "variables": { "input": { "flow": "'"$1"'" } }
  }'
