//! The command line as it is read: every option takes negative numbers, so that it is the domain that refuses them; and
//! what is not understood is told on one line of stderr, with exit code 2.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use super::output::note;

/// Reads the arguments of the process. Help and version are answered here, as is what is not understood; the code is
/// what the process ends with then.
pub(super) fn parse<C: CommandFactory + FromArgMatches>() -> Result<(C, ArgMatches), ExitCode> {
    let matches = taking_negative_numbers(C::command()).try_get_matches();
    let parsed = matches.and_then(|matches| Ok((C::from_arg_matches(&matches)?, matches)));
    parsed.map_err(|error| told(&error))
}

/// Whether the option was given as an argument, and not by the environment or by default.
pub(super) fn is_on_the_command_line(matches: &ArgMatches, option: &str) -> bool {
    matches.value_source(option) == Some(ValueSource::CommandLine)
}

/// The command, whose options and those of its subcommands take `-5` for a value.
pub(super) fn taking_negative_numbers(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let takes_a_value = argument.get_action().takes_values() && !argument.is_allow_hyphen_values_set();
        if takes_a_value { argument.allow_negative_numbers(true) } else { argument }
    });
    command.mut_subcommands(taking_negative_numbers)
}

fn told(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Whoever asked for help and reads no further has seen enough.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            note(&on_one_line(error));
            ExitCode::from(2)
        }
    }
}

/// What clap says on several lines.
fn on_one_line(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let mut told = String::new();
    // The last lines say how to get help, which stands here on the same line.
    let said = rendered.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in said.take_while(|line| !line.starts_with("For more information")) {
        let (divider, line) = match line.strip_prefix("Usage: ") {
            Some(usage) => ("; write ", usage),
            None if line.starts_with("tip: ") => ("; ", line),
            None if told.is_empty() => ("", line),
            None => (" ", line),
        };
        told.push_str(divider);
        told.push_str(line);
    }
    told.push_str("; more with --help");
    told
}
