# SPDX-License-Identifier: GPL-2.0-only
# perl make.pl LETTERS.json FOLDER: the letters by MIME::Lite, Email::Stuffer (which is Email::MIME's), MIME::Entity of
# MIME-tools, and Mail::Message of Mail::Box.
use strict;
use warnings;
use Email::Stuffer;
use Encode qw(encode);
use JSON::PP;
use MIME::Entity;
use MIME::Lite;
use Mail::Message;
use Mail::Message::Body::Multipart;

my ($list, $folder) = @ARGV;
my @programs = qw(mime-lite email-stuffer mime-entity mail-message);
mkdir "$folder/$_" for @programs;

sub bytes_of { my ($path) = @_; local $/; open my $file, '<:raw', $path or die $path; my $bytes = <$file>; return $bytes // '' }
sub word { encode('MIME-Header', $_[0]) }
sub person { my ($name, $mail) = @{$_[0]}; return $mail if $name eq '';
  return $name =~ /[^\x20-\x7e]/ ? word($name) . " <$mail>" : do { (my $quoted = $name) =~ s/(["\\])/\\$1/g; "\"$quoted\" <$mail>" } }
sub file_name { my ($name) = @_; return $name eq '' ? () : (Filename => $name =~ /[^\x20-\x7e]/ ? word($name) =~ s/\r?\n\s*/ /gr : $name) }
sub in_charset { my ($letter) = @_;
  my %known = ('shift_jis' => 'cp932', 'gb2312' => 'euc-cn', 'big5' => 'big5-eten');
  return encode($known{$letter->{charset}} // $letter->{charset}, $letter->{text}) }

sub by_mime_lite { my ($letter) = @_;
  my @head = (From => person($letter->{sender}), To => person($letter->{recipient}), Subject => word($letter->{subject}));
  my @text = (Type => 'text/plain; charset=' . $letter->{charset}, Data => in_charset($letter),
    Encoding => length($letter->{label}) % 2 ? 'quoted-printable' : 'base64');
  return MIME::Lite->new(@head, @text)->as_string unless @{$letter->{attachments}} or $letter->{html};
  my $mail = MIME::Lite->new(@head, Type => $letter->{html} ? 'multipart/related' : 'multipart/mixed');
  if ($letter->{html}) {
    my $both = MIME::Lite->new(Type => 'multipart/alternative');
    $both->attach(@text);
    $both->attach(Type => 'text/html; charset=utf-8', Data => encode('utf-8', $letter->{html}), Encoding => 'quoted-printable');
    $mail->attach($both);
  } else { $mail->attach(@text) }
  for my $file (@{$letter->{attachments}}) {
    $mail->attach(Type => $file->{type}, Data => bytes_of($file->{path}), Disposition => 'attachment', file_name($file->{name}),
      ($file->{type} =~ /^message/ ? (Encoding => '8bit') : (Encoding => 'base64')),
      ($file->{content_id} ? (Id => "<$file->{content_id}>") : ()));
  }
  return $mail->as_string }

sub by_email_stuffer { my ($letter) = @_;
  my $mail = Email::Stuffer->from(person($letter->{sender}))->to(person($letter->{recipient}))->subject($letter->{subject})
    ->text_body($letter->{text});
  $mail->html_body($letter->{html}) if $letter->{html};
  for my $file (@{$letter->{attachments}}) {
    $mail->attach(bytes_of($file->{path}), content_type => $file->{type}, ($file->{name} ne '' ? (filename => $file->{name}, name => $file->{name}) : ()));
  }
  return $mail->as_string }

sub by_mime_entity { my ($letter) = @_;
  my @head = (From => person($letter->{sender}), To => person($letter->{recipient}), Subject => word($letter->{subject}) =~ s/\r?\n\s*/ /gr);
  my @text = (Type => 'text/plain', Charset => $letter->{charset}, Data => in_charset($letter), Encoding => '-SUGGEST');
  return MIME::Entity->build(@head, @text)->as_string unless @{$letter->{attachments}} or $letter->{html};
  my $mail = MIME::Entity->build(@head, Type => 'multipart/mixed');
  if ($letter->{html}) {
    my $both = MIME::Entity->build(Type => 'multipart/alternative', Top => 0);
    $both->attach(@text);
    $both->attach(Type => 'text/html', Charset => 'utf-8', Data => encode('utf-8', $letter->{html}), Encoding => '-SUGGEST');
    $mail->add_part($both);
  } else { $mail->attach(@text) }
  for my $file (@{$letter->{attachments}}) {
    $mail->attach(Type => $file->{type}, Data => bytes_of($file->{path}), Disposition => $file->{content_id} ? 'inline' : 'attachment',
      Encoding => $file->{type} =~ /^message/ ? '8bit' : '-SUGGEST', file_name($file->{name}),
      ($file->{content_id} ? (Id => "<$file->{content_id}>") : ()));
  }
  $mail->sign(Signature => "Anna\n") if length($letter->{label}) % 3 == 0;
  return $mail->as_string }

sub by_mail_message { my ($letter) = @_;
  my @parts = map { Mail::Message::Body->new(mime_type => $_->{type}, data => bytes_of($_->{path}), transfer_encoding => 'none',
    ($_->{name} ne '' ? (disposition => Mail::Message::Field->new('Content-Disposition' => 'attachment; filename="' . ($_->{name} =~ s/[^\x20-\x7e]|["\\]/_/gr) . '"')) : ()))
    ->encode(transfer_encoding => 'base64') } grep { $_->{type} !~ /^message/ } @{$letter->{attachments}};
  my $mail = Mail::Message->build(From => person($letter->{sender}), To => person($letter->{recipient}), Subject => word($letter->{subject}) =~ s/\r?\n\s*/ /gr,
    data => $letter->{text}, (@parts ? (attach => \@parts) : ()));
  return $mail->string }

my %make = ('mime-lite' => \&by_mime_lite, 'email-stuffer' => \&by_email_stuffer, 'mime-entity' => \&by_mime_entity,
  'mail-message' => \&by_mail_message);
for my $letter (@{decode_json(bytes_of($list))}) {
  next if "$letter->{sender}[1]$letter->{recipient}[1]" =~ /[^\x00-\x7f]/;
  for my $program (@programs) {
    my $message = $make{$program}->($letter);
    open my $file, '>:raw', "$folder/$program/$letter->{label}.eml" or die;
    print $file utf8::is_utf8($message) ? encode('utf-8', $message) : $message;
    close $file;
  }
}
