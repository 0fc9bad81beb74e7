import { readdir, readFile, readlink } from 'node:fs/promises'

/** Clients' ports of the connections to a port of this machine that a process holds. Linux. */
export async function heldConnections(pid: number, ownPort: number): Promise<Set<number>> {
  const inodes = new Set<string>()
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '') // closed meanwhile
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  const ports = new Set<number>()
  for (const line of (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').slice(1)) {
    const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/)
    const port = portOf(remote) // 0: the socket that listens
    if (portOf(local) === ownPort && inodes.has(inode) && port > 0) ports.add(port)
  }
  return ports
}

function portOf(address: string): number {
  return parseInt(address.split(':')[1] ?? '', 16)
}
