import { testEnvironment } from './environment.fixture.ts'
import { openPostgresStore, openStore } from './open-store.ts'

/**
 * A process that uses a store until it is ended: `URL-OR-FOLDER write [COUNT]` inserts records `w00000`, … and prints each
 * number once it is acknowledged; `URL-OR-FOLDER die STEP` ends itself at a durable step.
 */
const [where = '', what = '', step = ''] = process.argv.slice(2)
const isUrl = where.includes('://')
const [url = '', schema] = isUrl ? where.split('#') : []
const options = {
  environment: testEnvironment(),
  onDurable: (name: string) => {
    if (what === 'die' && name === step) process.kill(process.pid, 'SIGKILL')
  },
}
const store = isUrl
  ? await openPostgresStore({ ...options, url, ...(schema ? { schema } : {}) })
  : await openStore({ ...options, dataFolder: where })
const document = { project: 'p', name: '', description: 'x'.repeat(300), labels: {}, lastNumber: 0 }
for (let i = 0; i < (what === 'write' ? Number(step) || 1e6 : 0); i++) {
  await store.transact(async (tx) => {
    const name = `w${String(i).padStart(5, '0')}`
    await tx.insert('model', 'p', name, { ...document, name, lastNumber: i })
    const details = { i }
    await tx.addEvent({ project: 'p', kind: 'model', name, type: 'made', level: 'info', message: '', details })
  })
  process.stdout.write(`${i}\n`)
}
await store.close()
