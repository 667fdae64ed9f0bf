import { mkdir, writeFile } from 'node:fs/promises'
import { sh } from '../../fixture.ts'

export const REPOSITORY = '/srv/rpm'

export async function buildRpm(name: string, version: string, extra = ''): Promise<void> {
  const spec = [
    `Name: ${name}\nVersion: ${version}\nRelease: 1\nSummary: test\nLicense: none\nBuildArch: noarch\n${extra}`,
    '%description\ntest\n%files',
  ].join('\n')
  await mkdir(REPOSITORY, { recursive: true })
  await writeFile(`/tmp/${name}.spec`, `${spec}\n`)
  const nameFormat = '%%{NAME}-%%{VERSION}.rpm'
  await sh(`rpmbuild -bb --define '_rpmdir ${REPOSITORY}' --define '_build_name_fmt ${nameFormat}' /tmp/${name}.spec`)
}

export async function publish(): Promise<void> {
  await sh(`createrepo_c -q ${REPOSITORY}`)
}
