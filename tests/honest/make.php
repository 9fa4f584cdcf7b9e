<?php
// SPDX-License-Identifier: GPL-2.0-only
// php make.php LETTERS.json FOLDER: the letters by PHPMailer, PEAR's Mail_Mime, Swift Mailer, Symfony's Mime, and by mail().
// mail() goes to what sendmail_path names: a program that writes into the file of the environment's KEEP_AS.
require '/usr/share/php/libphp-phpmailer/autoload.php';
require 'Mail/mime.php';
require 'Swift/autoload.php';
require 'Symfony/Component/Mime/autoload.php';

use PHPMailer\PHPMailer\PHPMailer;

[$_, $list, $folder] = $argv;
$letters = json_decode(file_get_contents($list), true);
foreach (['phpmailer', 'php-mail-mime', 'swiftmailer', 'symfony-mime', 'php-mail'] as $program) {
    @mkdir("$folder/$program");
}

function in_charset(string $text, string $charset): string
{
    $names = ['iso-2022-jp' => 'ISO-2022-JP', 'gb2312' => 'EUC-CN', 'shift_jis' => 'SJIS', 'us-ascii' => 'ASCII'];
    return mb_convert_encoding($text, $names[$charset] ?? $charset, 'UTF-8');
}

function is_ascii(string $text): bool
{
    return !preg_match('/[^\x00-\x7f]/', $text);
}

function by_phpmailer(array $letter): string
{
    $mail = new PHPMailer(true);
    $mail->CharSet = $letter['html'] ? 'utf-8' : $letter['charset'];
    $mail->Encoding = ['8bit', 'base64', 'quoted-printable'][strlen($letter['label']) % 3];
    $mail->Hostname = 'sender.example';
    $convert = fn ($text) => in_charset($text, $mail->CharSet);
    $mail->setFrom($letter['sender'][1], $convert($letter['sender'][0]));
    $mail->addAddress($letter['recipient'][1], $convert($letter['recipient'][0]));
    $mail->Subject = $convert($letter['subject']);
    $mail->Body = $convert($letter['html'] ?: $letter['text'] ?: ' ');
    if ($letter['html']) {
        $mail->isHTML(true);
        $mail->AltBody = $convert($letter['text']);
    }
    foreach ($letter['attachments'] as $file) {
        if ($file['content_id']) {
            $mail->addEmbeddedImage($file['path'], $file['content_id'], $file['name'], 'base64', $file['type']);
        } elseif ($file['type'] == 'text/calendar') {
            $mail->Ical = file_get_contents($file['path']);
            $mail->AltBody = 'An invitation';
        } else {
            $mail->addAttachment($file['path'], $file['name'], 'base64', $file['type']);
        }
    }
    $mail->preSend();
    return $mail->getSentMIMEMessage();
}

function by_pear(array $letter): string
{
    $charsets = ['head_charset' => 'UTF-8', 'text_charset' => 'UTF-8', 'html_charset' => 'UTF-8', 'eol' => "\n"];
    $mail = new Mail_mime($charsets + ['text_encoding' => ['quoted-printable', 'base64', '8bit'][strlen($letter['label']) % 3]]);
    $mail->setTXTBody($letter['text']);
    if ($letter['html']) {
        $mail->setHTMLBody($letter['html']);
    }
    foreach ($letter['attachments'] as $file) {
        if ($file['content_id']) {
            $mail->addHTMLImage($file['path'], $file['type'], $file['name'], true, $file['content_id']);
        } else {
            $mail->addAttachment($file['path'], $file['type'], $file['name'] ?: 'noname', true, 'base64', 'attachment', 'UTF-8');
        }
    }
    $name = $letter['sender'][0] ? '"' . addcslashes($letter['sender'][0], '"\\') . '" ' : '';
    $headers = ['From' => "$name<{$letter['sender'][1]}>", 'To' => $letter['recipient'][1], 'Subject' => $letter['subject'],
                'Date' => 'Tue, 03 Nov 2026 10:12:00 +0100'];
    return $mail->getMessage(null, null, $headers);
}

function by_swift(array $letter): string
{
    $mail = (new Swift_Message($letter['subject'], $letter['text'], 'text/plain', 'utf-8'))
        ->setFrom([$letter['sender'][1] => $letter['sender'][0]])->setTo([$letter['recipient'][1] => $letter['recipient'][0]]);
    if ($letter['flowed']) {
        $mail->setFormat('flowed');
    }
    if ($letter['html']) {
        $mail->addPart($letter['html'], 'text/html');
    }
    foreach ($letter['attachments'] as $file) {
        $data = file_get_contents($file['path']);
        if ($file['content_id']) {
            $image = new Swift_Image($data, $file['name'], $file['type']);
            $image->setId($file['content_id']);
            $mail->embed($image);
        } else {
            $mail->attach(new Swift_Attachment($data, $file['name'] ?: null, $file['type']));
        }
    }
    return $mail->toString();
}

function by_symfony(array $letter): string
{
    $mail = (new Symfony\Component\Mime\Email())
        ->from(new Symfony\Component\Mime\Address($letter['sender'][1], $letter['sender'][0]))
        ->to(new Symfony\Component\Mime\Address($letter['recipient'][1], $letter['recipient'][0]))
        ->subject($letter['subject'])->text($letter['text']);
    if ($letter['html']) {
        $mail->html($letter['html']);
    }
    foreach ($letter['attachments'] as $file) {
        $data = file_get_contents($file['path']);
        $file['content_id'] ? $mail->embed($data, $file['content_id'], $file['type'])
                            : $mail->attach($data, $file['name'] ?: null, $file['type']);
    }
    return $mail->toString();
}

// As countless forms on web sites do it, by hand.
function by_mail(array $letter, string $path): void
{
    $from = mb_encode_mimeheader($letter['sender'][0], 'UTF-8') . " <{$letter['sender'][1]}>";
    $subject = is_ascii($letter['subject']) || strlen($letter['label']) % 2 ? $letter['subject']
        : '=?UTF-8?B?' . base64_encode($letter['subject']) . '?=';
    $headers = ["From: $from", 'MIME-Version: 1.0', 'X-Mailer: PHP/' . phpversion()];
    $body = $letter['text'];
    $type = 'text/plain; charset=utf-8';
    if ($letter['html']) {
        $body = $letter['html'];
        $type = 'text/html; charset=utf-8';
    }
    if ($letter['attachments']) {
        $boundary = md5($letter['label']);
        $body = "--$boundary\r\nContent-Type: $type\r\nContent-Transfer-Encoding: 8bit\r\n\r\n$body\r\n";
        foreach ($letter['attachments'] as $file) {
            $body .= "--$boundary\r\nContent-Type: {$file['type']}; name=\"{$file['label']}\"\r\nContent-Transfer-Encoding: base64\r\n"
                . "Content-Disposition: attachment; filename=\"{$file['label']}\"\r\n\r\n"
                . chunk_split(base64_encode(file_get_contents($file['path']))) . "\r\n";
        }
        $body .= "--$boundary--";
        $type = "multipart/mixed; boundary=\"$boundary\"";
    }
    $headers[] = "Content-Type: $type";
    putenv("KEEP_AS=$path");
    mail($letter['recipient'][1], $subject, $body, implode("\r\n", $headers));
}

foreach ($letters as $letter) {
    $name = "{$letter['label']}.eml";
    if (!is_ascii($letter['sender'][1] . $letter['recipient'][1])) {
        continue;
    }
    file_put_contents("$folder/phpmailer/$name", by_phpmailer($letter));
    file_put_contents("$folder/php-mail-mime/$name", by_pear($letter));
    file_put_contents("$folder/swiftmailer/$name", by_swift($letter));
    file_put_contents("$folder/symfony-mime/$name", by_symfony($letter));
    foreach ($letter['attachments'] as &$file) {
        $file['label'] = preg_replace('/[^A-Za-z0-9._-]+/', '_', $file['name']);
    }
    unset($file);
    by_mail($letter, "$folder/php-mail/$name");
}
