/** The MIT licence, as the packages below name it without bringing its text. */
function mit(...holders: readonly string[]): string {
  return `MIT License

${holders.map((holder) => `Copyright (c) ${holder}`).join('\n')}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`
}

/** Licence of onnxruntime. */
export const ONNXRUNTIME_LICENCE = mit('Microsoft Corporation')

/** Licence of koffi, and of node-addon-api, which is compiled into it. */
export const KOFFI_LICENCE = mit(
  '2026 Niels Martignène <niels.martignene@protonmail.com>',
  '2017 Node.js API collaborators',
)
