// SPDX-License-Identifier: GPL-2.0-only
// node make.mjs LETTERS.json FOLDER: the letters by nodemailer, emailjs and mimetext, of the packages beside this file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { Message } from 'emailjs';
import { createMimeMessage } from 'mimetext';

const [, , list, folder] = process.argv;
const ascii = (text) => /^[\x00-\x7f]*$/.test(text);

async function byNodemailer(letter) {
  const calendar = letter.attachments.find((file) => file.type === 'text/calendar');
  return new MailComposer({
    from: { name: letter.sender[0], address: letter.sender[1] },
    to: { name: letter.recipient[0], address: letter.recipient[1] },
    subject: letter.subject,
    text: letter.text,
    html: letter.html || undefined,
    textEncoding: [undefined, 'base64', 'quoted-printable'][letter.label.length % 3],
    icalEvent: calendar && { method: 'REQUEST', filename: calendar.name, content: readFileSync(calendar.path, 'utf8') },
    attachments: letter.attachments.filter((file) => file !== calendar).map((file) => ({
      filename: file.name || false, contentType: file.type, content: readFileSync(file.path), cid: file.content_id || undefined,
      contentDisposition: file.content_id ? 'inline' : 'attachment',
    })),
  }).compile().build();
}

async function byEmailjs(letter) {
  const message = new Message({
    from: `${letter.sender[0].replace(/[",.()]/g, '')} <${letter.sender[1]}>`, to: letter.recipient[1], subject: letter.subject, text: letter.text,
    attachment: [
      ...(letter.html ? [{ data: letter.html, alternative: true,
        related: letter.attachments.filter((file) => file.content_id).map((file) => ({
          path: file.path, type: file.type, name: file.name, headers: { 'Content-ID': `<${file.content_id}>` } })) }] : []),
      ...letter.attachments.filter((file) => !file.content_id).map((file) => ({ path: file.path, type: file.type, name: file.name || 'noname' })),
    ],
  });
  return await message.readAsync();
}

function byMimetext(letter) {
  const message = createMimeMessage();
  message.setSender({ name: letter.sender[0], addr: letter.sender[1] });
  message.setRecipient({ name: letter.recipient[0], addr: letter.recipient[1] });
  message.setSubject(letter.subject);
  message.addMessage({ contentType: 'text/plain', data: letter.text });
  if (letter.html) message.addMessage({ contentType: 'text/html', data: letter.html });
  for (const file of letter.attachments)
    message.addAttachment({ filename: file.name || 'noname', contentType: file.type, data: readFileSync(file.path).toString('base64'),
      inline: Boolean(file.content_id), headers: file.content_id ? { 'Content-ID': `<${file.content_id}>` } : {} });
  return message.asRaw();
}

const programs = { nodemailer: byNodemailer, emailjs: byEmailjs, mimetext: byMimetext };
for (const program of Object.keys(programs)) mkdirSync(`${folder}/${program}`, { recursive: true });
for (const letter of JSON.parse(readFileSync(list, 'utf8')))
  for (const [program, make] of Object.entries(programs)) {
    if (program !== 'nodemailer' && !(ascii(letter.sender[1]) && ascii(letter.recipient[1]))) continue;
    writeFileSync(`${folder}/${program}/${letter.label}.eml`, await make(letter));
  }
