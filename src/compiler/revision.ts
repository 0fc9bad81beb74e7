/** Raised when the same file would give another bundle. */
export const COMPILER_REVISION = 4
