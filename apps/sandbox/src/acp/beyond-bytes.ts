import { isRecord } from './told-record.js';
import type { ToldRecord as Part } from './told-record.js';

/** What a request asks for that its bytes do not bound. */
export interface BeyondBytes {
  /** How many pictures are to be looked at, each for as many tokens as its size in pixels takes. */
  readonly pictures: number;
  /** Why nobody can say what it costs at most; undefined: its bytes and pictures say it. */
  readonly because: string | undefined;
}

/** Parts of a prompt are in these; what a tool was called with is the program's own and is not looked into. */
const INSIDE = ['content', 'source', 'output'] as const;
const PICTURES = new Set(['image', 'image_url', 'input_image', 'computer_screenshot']);
/** Page for page they are read as pictures too, and some are kept or fetched by the vendor. */
const FILES = new Set(['file', 'input_file', 'container_upload', 'item_reference']);
/** Of a document these are text that stands in the request. */
const WRITTEN_OUT = new Set<unknown>(['text', 'content']);
/** Tools that the vendor itself runs: their results become part of the prompt, and some have a price of their own. */
const OF_THE_VENDOR = /^(web_search|web_fetch|code_execution|code_interpreter|file_search|image_generation|mcp)/;

/** Looks for what makes a request longer or dearer at the vendor than it is here. */
export function beyondBytes(request: Part): BeyondBytes {
  const parts = ['messages', 'system', 'input'].flatMap(name => partsOf(request[name]));
  const pictures = parts.filter(({ type }) => PICTURES.has(String(type))).length;
  return { pictures, because: ofTools(request) ?? ofFiles(parts) ?? ofPrice(request) };
}

function partsOf(value: unknown): Part[] {
  if (Array.isArray(value)) return value.flatMap(partsOf);
  if (!isRecord(value)) return [];
  return [value, ...INSIDE.flatMap(name => partsOf(value[name]))];
}

function ofTools({ tools, mcp_servers: servers, web_search_options: search, container }: Part): string | undefined {
  const offered = Array.isArray(tools) ? tools.filter(isRecord).map(({ type }) => String(type)) : [];
  const found = offered.find(type => OF_THE_VENDOR.test(type));
  if (found !== undefined) return `The vendor runs the tool ${found} itself`;
  if (Array.isArray(servers) && servers.length > 0) return 'The vendor asks MCP servers itself (mcp_servers)';
  if (given(search)) return 'The vendor searches the web itself (web_search_options)';
  return given(container) ? 'The vendor runs programs itself (container)' : undefined;
}

function ofFiles(parts: readonly Part[]): string | undefined {
  const isFile = ({ type, source }: Part) =>
    FILES.has(String(type)) || (type === 'document' && !(isRecord(source) && WRITTEN_OUT.has(source['type'])));
  return parts.some(isFile) ? 'A file is to be read, and nobody knows how many pages it has' : undefined;
}

function ofPrice({ prompt, service_tier: tier, speed, inference_geo: place }: Part): string | undefined {
  if (isRecord(prompt)) return 'The prompt is kept at the vendor (prompt)';
  const dearer = [tier, speed].find(one => one === 'priority' || one === 'fast');
  if (dearer !== undefined) return `It is to be answered faster than usual, which costs more (${String(dearer)})`;
  return given(place) && place !== 'global' ? 'It is to be answered in one place, which costs more' : undefined;
}

function given(value: unknown): boolean {
  return value !== undefined && value !== null;
}
