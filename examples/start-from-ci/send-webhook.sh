# Usage: send-webhook.sh <path> <secret> <message id> <body>. Signs a message as the Standard Webhooks scheme says, and sends it.
timestamp=$(date +%s)
key=$(printf %s "${2#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
signature=$(printf '%s.%s.%s' "$3" "$timestamp" "$4" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl -s -w '\n%{http_code}\n' "$RUNLEDGER_URL$1" -H 'content-type: application/json' \
  -H "webhook-id: $3" -H "webhook-timestamp: $timestamp" -H "webhook-signature: v1,$signature" -d "$4"
