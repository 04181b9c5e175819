# Publishes a skill. The same content again makes no new version.
curl -s "$RUNLEDGER_URL/graphql" \
  -H "authorization: Bearer $RUNLEDGER_TOKEN" -H 'content-type: application/json' \
  -d '{
    "query": "mutation ($input: SkillInput!) { publishSkill(input: $input) { __typename ... on Skill { id slug version } ... on Refusal { code message details { path message } } } }",
    "variables": { "input": {
      "slug": "code-review",
      "instructions": "You review code. Be strict about tests, and kind about everything else.",
      "tools": ["read_file", "list_files"],
      "output": { "type": "object", "properties": { "verdict": { "enum": ["ship", "wait"] } }, "required": ["verdict"] }
    } }
  }'
