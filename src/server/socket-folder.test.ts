import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { leaveSocketFolder, makeSocketFolder } from './socket-folder.ts'

describe.skipIf(process.platform === 'win32')('the folder of sockets', () => {
  let parent: string
  let folder: string
  const servers: Server[] = []

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'slipway-sockets-'))
    folder = join(parent, 'own')
    await mkdir(folder)
  })

  afterEach(async () => {
    for (const server of servers.splice(0)) server.close()
    await rm(parent, { recursive: true })
  })

  /** Listens as our processes do: the socket is moved to its path, so that closing does not remove it. */
  async function listenAt(name: string): Promise<Server> {
    const server = createServer().listen(join(folder, `${name}.1`))
    servers.push(server)
    await once(server, 'listening')
    await rename(join(folder, `${name}.1`), join(folder, name))
    return server
  }

  test('is removed by the last one out, with the sockets of all that have ended', async () => {
    const [first, second] = [await listenAt('r0'), await listenAt('r1')]
    first.close()
    await leaveSocketFolder(folder)
    expect(await readdir(folder)).toEqual(['r0', 'r1'])
    second.close()
    await leaveSocketFolder(folder)
    expect(await readdir(parent)).toEqual([])
    await leaveSocketFolder(folder) // somebody was as quick
  })

  test('keeps whatever is no socket', async () => {
    const server = await listenAt('r0')
    server.close()
    await writeFile(join(folder, 'model.onnx'), 'bytes')
    await leaveSocketFolder(folder)
    expect(await readdir(folder)).toEqual(['model.onnx'])
  })

  test('is for its own user', async () => {
    const made = await makeSocketFolder()
    const { mode } = await stat(made)
    expect(mode & 0o777).toBe(0o700)
    await rm(made, { recursive: true })
  })
})
