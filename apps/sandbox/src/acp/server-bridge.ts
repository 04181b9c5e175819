/**
 * For programs that know servers only as programs: passes on what it reads, line by line, and writes down what is answered, however long that
 * takes. It runs inside of the sandbox, where nothing of ours is installed: so it is one string, and Node.js is all that it needs.
 */
export const BRIDGE = `
const { request } = require('node:http');
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const fail = () => { process.exitCode = 1; process.stdin.destroy(); };
const say = text => { if (text.trim()) process.stdout.write(text + '\\n'); };
require('node:readline').createInterface({ input: process.stdin }).on('line', body => {
  if (!body.trim()) return;
  request(process.env.MCP_SERVER_URL, { method: 'POST', headers }, answer => {
    const streams = String(answer.headers['content-type']).includes('event-stream');
    let rest = '';
    answer.setEncoding('utf8').on('data', text => {
      rest += text;
      if (!streams) return;
      const lines = rest.split('\\n');
      rest = lines.pop();
      for (const line of lines) if (line.startsWith('data:')) say(line.slice(5).trim());
    }).on('end', () => { if (!streams) say(rest); }).on('error', fail);
  }).on('error', fail).end(body);
});`;
