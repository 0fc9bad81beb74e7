/** Detail of a failure after which its process is not to be asked again: another takes its place. */
export const LAST = 'isLast'
