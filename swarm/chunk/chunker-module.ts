/**
 * Where a worker thread finds `Chunker` alone: importing this folder's door there would load the whole kit, which
 * costs 80 ms and 6 MB in each thread.
 */
export const CHUNKER_MODULE: string = new URL(
  import.meta.url.endsWith('.ts') ? './chunker.ts' : './chunker.js',
  import.meta.url,
).href
