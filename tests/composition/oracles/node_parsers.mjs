// SPDX-License-Identifier: GPL-2.0-only
// npm's parsers of mail:  node node_parsers.mjs mailparser|postal-mime PAYLOAD-FILE FOLDER-OF-NODE_MODULES <names
// Says of each mail named on standard input, a line each, whether the payload came out of it: 1 or 0.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , parser, payloadFile, modules] = process.argv;
const payload = readFileSync(payloadFile);
const load = (name) => import(pathToFileURL(createRequire(`${modules}/`).resolve(name)));

const parsers = {
  mailparser: async () => {
    const { simpleParser } = await load('mailparser');
    return (mail) => simpleParser(mail, { skipImageLinks: true, skipTextLinks: true });
  },
  'postal-mime': async () => {
    const { default: PostalMime } = await load('postal-mime');
    return (mail) => PostalMime.parse(mail);
  },
};

function holds(content) {
  if (!content) return false;
  if (typeof content === 'string') return Buffer.from(content, 'latin1').includes(payload);
  return Buffer.from(content).includes(payload);
}

const parse = await parsers[parser]();
for (const name of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  let found = false;
  try {
    const mail = await parse(readFileSync(name));
    found = [mail.text, mail.html, ...mail.attachments.map((attachment) => attachment.content)].some(holds);
  } catch {
    // a mail that a parser refuses gave nothing
  }
  process.stdout.write(found ? '1\n' : '0\n');
}
