import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { ServingError } from '../core/errors.ts'
import { quote } from '../core/text.ts'
import { readNamedFile, writeAtomically } from '../storage/local.ts'
import { EXIT, type Command } from './command.ts'
import { DATA_OPTION, JSON_OPTION } from './common-options.ts'
import { UsageError, type OptionTable } from './options.ts'
import { CA_FILE } from './platform/find-platform.ts'

const options = {
  out: { type: 'string', isFlagOnly: true, value: 'PATH', doc: 'file to write it to, in place of printing it' },
  data: { ...DATA_OPTION.data, doc: 'data folder of the platform' },
  ...JSON_OPTION,
} as const satisfies OptionTable

/** Largest certificate (bytes). */
const MAX_BYTES = 2 ** 20

/** `slipway ca`: gives out the certificate of the platform's own CA, for clients to trust. Its key stays where it is. */
export const caCommand: Command<typeof options> = {
  usage: 'export [--out <path>]',
  options,
  async run([what, ...more], { data, out, json }, { stdout, stderr }) {
    if (what !== 'export' || more.length > 0) throw new UsageError('say `slipway ca export`')
    const path = join(data, CA_FILE)
    const bytes = await readNamedFile(path, MAX_BYTES).catch((error: unknown) => {
      if (!(error instanceof ServingError) || error.code !== 'not_found') throw error
      throw new ServingError(
        'not_found',
        `there is no CA in ${quote(data, 200)}: \`slipway up --tls\` makes one at its first start`,
      )
    })
    const pem = Buffer.from(bytes).toString('utf8')
    let certificate: X509Certificate
    try {
      certificate = new X509Certificate(pem)
    } catch (cause) {
      throw new ServingError('refused', `${quote(path, 200)} is damaged: it holds no certificate`, { cause })
    }
    const text = certificate.toString() // the certificate alone, whatever else stands in the file
    if (out !== undefined) await writeAtomically(out, Buffer.from(text))
    const { subject, fingerprint256, validTo } = certificate
    if (json)
      stdout.write(
        `${JSON.stringify({ subject, sha256: fingerprint256, validTo, ...(out === undefined ? { pem: text } : { out }) })}\n`,
      )
    else if (out === undefined) stdout.write(text)
    else stderr.write(`${out}: ${subject.replaceAll('\n', ', ')}, valid to ${validTo}\n`)
    return EXIT.done
  },
}
