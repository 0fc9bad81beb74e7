import { setFlagsFromString } from 'node:v8'

// V8 of Node 26.10 may keep a number that an inner function changes (`let at = 0; const next = () => at++`) in a cell of its
// own, and its Maglev compiler then reads it stale where it has inlined that function: wrong values, without an error
// (docs/decisions/0020-no-function-context-cells.md has the program that shows it). Every process of ours starts here.
setFlagsFromString('--no-function-context-cells')
