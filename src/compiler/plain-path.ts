const PLAIN = /^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/
const LONGEST_PLAIN = 200

/** Whether a file of a bundle may be called so. @see the manifest's schema */
export function isPlainPath(path: string): boolean {
  return PLAIN.test(path) && path.length <= LONGEST_PLAIN && !/(^|\/)\.{1,2}(\/|$)/.test(path)
}
