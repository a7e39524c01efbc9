use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

/// What a piece of text means; colour repeats what the words say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Wrong.
    Bad,
    /// Over, or unimportant.
    Faint,
    /// A heading or a name.
    Strong,
    /// Nothing special.
    Plain,
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
            Self::Plain => Style::new(),
        }
    }

    /// Returns the text in this tone; what writes it takes the colour out where it may not be.
    pub(crate) fn paint(self, text: &str) -> String {
        let style = self.style();
        format!("{style}{text}{style:#}")
    }
}

/// Returns text that others wrote, with every character that would move the cursor, change the terminal or turn the
/// direction of reading written as its code.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        // Marks and overrides of direction (Unicode UAX #9), invisible ones, and separators of lines.
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(visible("\u{1b}[2Jalice\u{202e}evil"), "\\u{1b}[2Jalice\\u{202e}evil");
        assert_eq!(visible("Zoë <zoe@example.org> 日本"), "Zoë <zoe@example.org> 日本");
    }

    #[test]
    fn plain_text_carries_no_codes() {
        assert_eq!(Tone::Plain.paint("x"), "x");
        assert_eq!(Tone::Good.paint("x"), "\u{1b}[32mx\u{1b}[0m");
    }
}
