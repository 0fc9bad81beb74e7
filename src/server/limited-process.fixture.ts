/** Started by a test: a parent whose child does a job that never ends and never looks up. Prints the child's id, once it is at it. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { serveOneJob } from './limited-process.ts'

if (process.argv[2] === 'child')
  serveOneJob((_job, report) => {
    report(String(process.pid))
    for (;;);
  })
else {
  const child = fork(fileURLToPath(import.meta.url), ['child'], { serialization: 'advanced' })
  child.on('message', ({ text }: { text: string }) => process.stdout.write(text))
  child.send({})
}
