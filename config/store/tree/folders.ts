/** Folder of a path in the tree; the top is the empty text. */
export function folderOf(path: string): string {
  const end = path.lastIndexOf('/')
  return end < 0 ? '' : path.slice(0, end)
}

/** The top, then every folder on the way, the folder itself last. */
export function folderChain(folder: string): string[] {
  const chain = ['']
  for (let at = folder.indexOf('/'); at >= 0; at = folder.indexOf('/', at + 1)) chain.push(folder.slice(0, at))
  if (folder !== '') chain.push(folder)
  return chain
}

export function depthOf(folder: string): number {
  return folder === '' ? 0 : folder.split('/').length
}

/** Whether `folder` is `above` or somewhere below it. */
export function isWithin(folder: string, above: string): boolean {
  return above === '' || folder === above || folder.startsWith(`${above}/`)
}
