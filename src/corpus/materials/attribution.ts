/** Whose work the materials are: the text that goes with whatever was made of them. */
import { type MaterialPackage, materialPackages } from './packages.ts'

const uses: Readonly<Record<MaterialPackage['use'], string>> = {
  looks: 'pictures of things',
  backgrounds: 'photographs and paintings behind them',
  fonts: 'fonts',
}

const licences: Readonly<Record<string, string>> = {
  MIT: 'https://opensource.org/license/mit',
  'Apache-2.0': 'https://www.apache.org/licenses/LICENSE-2.0',
  'CC-BY-4.0': 'https://creativecommons.org/licenses/by/4.0/',
  'CC0-1.0': 'https://creativecommons.org/publicdomain/zero/1.0/',
  'OFL-1.1': 'https://openfontlicense.org',
}

/** The panoramas that come with this package. */
const places = '- Panoramas, CC0-1.0. Of Poly Haven, from @pmndrs/assets 1.7.0: see assets/materials/places/ORIGIN.md'

/** Markdown: each package with its version, its licence, whose it is and what was used of it. */
export function attributionText(packages: readonly MaterialPackage[] = materialPackages): string {
  const lines = [
    '# Attribution',
    '',
    'What this was made of. Things were scaled, turned, recoloured and placed anew.',
    '',
  ]
  for (const [use, what] of Object.entries(uses)) {
    const used = packages.filter(each => each.use === use)
    if (used.length === 0) continue
    lines.push(`## ${what[0]?.toUpperCase()}${what.slice(1)}`, '')
    for (const { name, version, licence, copyright } of used) {
      lines.push(`- ${name} ${version}, ${licence}. ${copyright}`)
    }
    if (use === 'backgrounds') lines.push(places)
    lines.push('')
  }
  const named = [...new Set(packages.map(({ licence }) => licence))].sort()
  lines.push('## Licences', '', ...named.map(licence => `- ${licence}: ${licences[licence] ?? 'see the package'}`), '')
  return lines.join('\n')
}
