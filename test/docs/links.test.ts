import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { isPacked } from './packed.js'
import { anchorsOf, linksOf, PAGES } from './pages.js'

const { homepage } = JSON.parse(readFileSync('package.json', 'utf8')) as { homepage: string }
const REPOSITORY = new RegExp(`^${homepage.replace('#readme', '')}/(blob|tree)/main/`)

for (const page of PAGES) {
  t.test(`the links of ${page} lead somewhere`, async (t) => {
    for (const link of linksOf(page)) {
      const [where = '', anchor] = link.split('#')
      const own = REPOSITORY.test(where)
      if (/^https?:/.test(where) && !own) {
        t.ok(URL.canParse(link), link)
        continue
      }
      const target = own ? where.replace(REPOSITORY, '') : where === '' ? page : join(dirname(page), where)
      t.ok(existsSync(target), `${link}: there is no ${target}`)
      if (anchor !== undefined && target.endsWith('.md'))
        t.ok(anchorsOf(target).includes(anchor), `${link}: ${target} has no such heading`)
      if (!own && isPacked(page))
        t.ok(isPacked(target), `${link}: ${target} is not in the package; link to ${homepage}`)
    }
  })
}
