/** Marks runs as a process does, and is killed. */
import { labelOf, leaveMarks, mark, markInTick, unmark, unmarkInTick } from './run-marks.ts'

leaveMarks(3)
const labels = Array.from({ length: 100 }, (_, i) => labelOf(`ended ${i}`))
for (const marked of labels.map(mark)) unmark(marked) // more than there is room for
mark(labelOf('beside'))
markInTick(labelOf('gone'))
unmarkInTick()
markInTick(labelOf('in the tick'))
process.kill(process.pid, 'SIGKILL')
