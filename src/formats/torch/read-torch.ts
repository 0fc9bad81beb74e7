import { ServingError } from '../../core/errors.ts'
import { quote } from '../../core/text.ts'
import { TORCH_EXPORT_LINES } from '../format-names.ts'
import { kindOf, openArchive } from './archive.ts'
import { describeTorch, type SavedContents } from './describe-torch.ts'
import type { TorchProgram } from './program.ts'
import { readExported } from './read-exported.ts'
import { readScript } from './read-script.ts'
import { unsupported } from './refusals.ts'

/** The lines that make a file that can be served of a model that is in memory. */
const EXPORT_ADVICE = `with the model at hand, export it: ${TORCH_EXPORT_LINES}`

/**
 * Reads a PyTorch file that can run without Python: `.pt2` of `torch.export.save`, TorchScript of `torch.jit.save`.
 * @param fileName for messages
 * @throws {ServingError} `refused` for damage and for what runs code; `unsupported` for files that hold no program (a state
 *   dict, a whole module), saying what they hold and which lines export the model
 */
export function readTorch(bytes: Uint8Array, fileName: string): TorchProgram {
  if (!isZip(bytes)) throw withoutProgram(describeTorch(bytes, fileName), fileName)
  const archive = openArchive(bytes)
  switch (kindOf(archive)) {
    case 'exported':
      return readExported(archive, false)
    case 'exported-flat':
      return readExported(archive, true)
    case 'script':
      return readScript(archive)
    case 'native':
      throw unsupported(
        `${quote(fileName)} holds machine code that AOTInductor compiled for one kind of machine; it is not loaded. ${EXPORT_ADVICE}`,
      )
    case 'pickle':
      throw withoutProgram(describeTorch(bytes, fileName), fileName)
    case 'other':
      throw new ServingError('refused', `${quote(fileName)} is a zip archive, but none that PyTorch writes`)
  }
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b
}

/** The refusal of a file that holds weights, or Python objects that need their code. */
export function withoutProgram(contents: SavedContents, fileName: string): ServingError {
  return new ServingError(
    'unsupported',
    `${quote(fileName)} holds ${contents.summary}, and no program that could be run: the model's code is missing. ${EXPORT_ADVICE}`,
    { details: { holds: contents.kind, tensors: contents.tensors.length, architecture: contents.architecture } },
  )
}
