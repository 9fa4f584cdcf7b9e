# SPDX-License-Identifier: GPL-2.0-only
# ruby make.rb LETTERS.json FOLDER: the letters by the gem mail, which is Rails' too.
require 'fileutils'
require 'json'
require 'mail'

list, folder = ARGV
FileUtils.mkdir_p("#{folder}/ruby-mail")
JSON.parse(File.read(list, encoding: 'utf-8')).each do |letter|
  next unless (letter['sender'][1] + letter['recipient'][1]).ascii_only?

  mail = Mail.new(charset: 'UTF-8')
  from = Mail::Address.new(letter['sender'][1])
  from.display_name = letter['sender'][0] unless letter['sender'][0].empty?
  mail.from = from.format
  mail.to = letter['recipient'][1]
  mail.subject = letter['subject']
  mail.date = 'Tue, 03 Nov 2026 10:12:00 +0100'
  if letter['html'].empty? && letter['attachments'].empty?
    mail.body = letter['text']
    mail.content_type = "text/plain; charset=UTF-8#{letter['flowed'] ? '; format=flowed' : ''}"
  else
    mail.text_part = Mail::Part.new { content_type 'text/plain; charset=UTF-8'; body letter['text'] }
    mail.html_part = Mail::Part.new { content_type 'text/html; charset=UTF-8'; body letter['html'] } unless letter['html'].empty?
  end
  letter['attachments'].each do |file|
    name = file['name'].empty? ? 'noname' : file['name']
    data = File.binread(file['path'])
    if file['type'] == 'message/rfc822'
      mail.add_part(Mail::Part.new { content_type 'message/rfc822'; body data })
    elsif !file['content_id'].empty?
      mail.attachments.inline[name] = { mime_type: file['type'], content: data, content_id: "<#{file['content_id']}>" }
    else
      mail.attachments[name] = { mime_type: file['type'], content: data }
    end
  end
  File.binwrite("#{folder}/ruby-mail/#{letter['label']}.eml", mail.to_s)
end
