//! Text that comes from a device, made safe to show.
//!
//! A device, or whatever is at the other end of the line, can send any characters. On a terminal some of them clear the
//! screen, write to the clipboard or hide what follows; in a pipe they wait for the next terminal. So everything that
//! is shown to people passes [`shown`], and what must be one line, such as a board's name, passes [`escaped`] first.

use std::fmt::Write;

/// The character that starts a control sequence (ECMA-48, 8.3.48).
const ESCAPE: char = '\x1b';
/// Ends all colours and attributes.
const RESET: &str = "\x1b[0m";

/// Returns text for people: colours (SGR) pass, and so do line feeds and tabs; every other character that controls a
/// terminal or changes the order of what is read is written out, as `\x07` or `\u{202e}`. A colour ends with its line.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut is_coloured = false;
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if letter == ESCAPE
            && let Some((colour, is_reset)) = colour(rest)
        {
            shown += colour;
            is_coloured = !is_reset;
            rest = &rest[colour.len()..];
            continue;
        }
        if letter == '\n' && std::mem::take(&mut is_coloured) {
            shown += RESET;
        }
        put(&mut shown, letter, matches!(letter, '\n' | '\t'));
        rest = &rest[letter.len_utf8()..];
    }
    if is_coloured {
        shown += RESET;
    }
    shown
}

/// Returns text as part of a line: colours, line feeds and tabs are written out as well.
pub fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    text.chars().for_each(|letter| put(&mut line, letter, false));
    line
}

/// Returns JSON whose strings hold no character that a terminal acts on. JSON itself demands this of only some of them
/// (RFC 8259, 7).
pub fn escaped_json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for letter in json.chars() {
        if !is_control(letter) {
            line.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            let _ = write!(line, "\\u{unit:04x}");
        }
    }
    line
}

fn put(line: &mut String, letter: char, passes: bool) {
    // Writing to a string cannot fail.
    let _ = match letter {
        letter if passes || !is_control(letter) => {
            line.push(letter);
            Ok(())
        }
        '\n' => line.write_str("\\n"),
        '\r' => line.write_str("\\r"),
        '\t' => line.write_str("\\t"),
        letter if letter.is_ascii() => write!(line, "\\x{:02x}", u32::from(letter)),
        letter => write!(line, "\\u{{{:x}}}", u32::from(letter)),
    };
}

/// Returns whether a character controls a terminal, has no width, or changes the order in which text is read.
fn is_control(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Returns the colour sequence at the beginning of the text, and whether it ends all colours; `None` if the text begins
/// with anything else. Sequences that hide text, or make it blink, are no colours.
fn colour(text: &str) -> Option<(&str, bool)> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    let (parameters, rest) = parameters.split_at(end);
    if !rest.starts_with('m') || parameters.len() > 32 {
        return None;
    }
    let numbers: Option<Vec<u16>> = parameters.split(';').map(number).collect();
    let numbers = numbers?;
    let mut at = numbers.iter();
    while let Some(number) = at.next() {
        match number {
            0..=4 | 7 | 22..=24 | 27 | 30..=37 | 39..=47 | 49 | 90..=97 | 100..=107 => {}
            38 | 48 => {
                let count = match at.next()? {
                    5 => 1,
                    2 => 3,
                    _ => return None,
                };
                for _ in 0..count {
                    at.next()?;
                }
            }
            _ => return None,
        }
    }
    Some((&text[..end + 3], numbers.last() == Some(&0)))
}

fn number(digits: &str) -> Option<u16> {
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_pass_and_end_with_their_line() {
        assert_eq!(shown("plain ä 東京\tend\n"), "plain ä 東京\tend\n");
        assert_eq!(
            shown("\x1b[1;31mred\x1b[0m, \x1b[38;5;12mblue\x1b[m"),
            "\x1b[1;31mred\x1b[0m, \x1b[38;5;12mblue\x1b[m"
        );
        assert_eq!(shown("\x1b[32mgreen\nnext"), "\x1b[32mgreen\x1b[0m\nnext");
        assert_eq!(shown("\x1b[48;2;1;2;3mon"), "\x1b[48;2;1;2;3mon\x1b[0m");
    }

    #[test]
    fn everything_else_that_acts_on_a_terminal_is_written_out() {
        for (sent, seen) in [
            // The clipboard (OSC 52), a title, a link.
            ("\x1b]52;c;cm0gLXJmIH4=\x07", "\\x1b]52;c;cm0gLXJmIH4=\\x07"),
            ("\x1b]0;title\x1b\\", "\\x1b]0;title\\x1b\\"),
            // Clear screen, cursor up, hidden text, blinking text, a request for the cursor's position.
            ("\x1b[2J\x1b[1A", "\\x1b[2J\\x1b[1A"),
            ("\x1b[8mhidden", "\\x1b[8mhidden"),
            ("\x1b[31;8mhidden", "\\x1b[31;8mhidden"),
            ("\x1b[5mblink\x1b[6n", "\\x1b[5mblink\\x1b[6n"),
            // C1 controls, backspace, a bare carriage return, bell, delete.
            ("\u{9b}2J\u{90}q", "\\u{9b}2J\\u{90}q"),
            ("safe\x08\x08\x08\x08evil", "safe\\x08\\x08\\x08\\x08evil"),
            ("error\rfine ", "error\\rfine "),
            ("\x07\x7f\0", "\\x07\\x7f\\x00"),
            // The order of reading, and letters without a width.
            ("\u{202e}gnp.exe\u{2066}\u{200b}", "\\u{202e}gnp.exe\\u{2066}\\u{200b}"),
            // Incomplete, and too long.
            ("\x1b[31", "\\x1b[31"),
            ("\x1b", "\\x1b"),
            ("\x1b[38;5m", "\\x1b[38;5m"),
            ("\x1b[99999999m", "\\x1b[99999999m"),
        ] {
            assert_eq!(shown(sent), seen);
        }
    }

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(escaped("pico\nerror: \x1b[31mred\t"), "pico\\nerror: \\x1b[31mred\\t");
    }

    #[test]
    fn json_keeps_its_meaning() {
        assert_eq!(escaped_json("{\"a\":\"\u{9b}\u{202e}\u{e0041}ä\"}"), "{\"a\":\"\\u009b\\u202e\\udb40\\udc41ä\"}");
    }
}
