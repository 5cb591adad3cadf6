//! The page as text: complete without a script, which only keeps it up to date. All that devices and servers say is escaped.

use crate::status::{DeviceStatus, Status};

/// Makes the page.
pub(super) fn page(status: &Status) -> String {
    let rows: String = status.devices.iter().map(row).collect();
    let rollouts: String = status
        .rollouts
        .iter()
        .map(|rollout| {
            let waves: String = rollout
                .waves
                .iter()
                .map(|wave| {
                    let states: Vec<_> =
                        wave.states.iter().map(|(state, devices)| format!("{devices} {state}")).collect();
                    format!("<li>{}: {}</li>", escaped(&wave.name), escaped(&states.join(", ")))
                })
                .collect();
            format!("<h3>{}</h3><p>{}</p><ol>{waves}</ol>", escaped(&rollout.name), escaped(&rollout.text))
        })
        .collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Lifeboot gateway</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <link rel=\"stylesheet\" href=\"/page.css\"><script src=\"/page.js\" defer></script></head>\n\
         <body><header><h1>Lifeboot gateway</h1><p id=\"server\">{}</p><p id=\"error\" role=\"alert\">{}</p></header>\n\
         <main><section id=\"rollouts\">{rollouts}</section>\n\
         <table><caption id=\"count\">{} devices</caption>\n\
         <thead><tr><th>Device</th><th>Board</th><th>Port</th><th>Runs</th><th>Update</th><th>Last update</th></tr></thead>\n\
         <tbody id=\"devices\">\n{rows}</tbody></table></main></body></html>\n",
        escaped(&status.server),
        escaped(status.server_error.as_deref().unwrap_or_default()),
        status.devices.len(),
    )
}

fn row(device: &DeviceStatus) -> String {
    let cells = [&device.id, &device.board, &device.port, &runs(device), &update(device), &last(device)];
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
    format!("<tr class=\"{}\">{cells}</tr>\n", class(device))
}

fn class(device: &DeviceStatus) -> &'static str {
    match &device.last {
        _ if device.run.is_some() => "runs",
        Some(last) if !last.success => "failed",
        _ if !device.is_up => "away",
        _ => "well",
    }
}

fn runs(device: &DeviceStatus) -> String {
    if device.is_up { device.text.clone() } else { format!("not within reach; last: {}", device.text) }
}

fn update(device: &DeviceStatus) -> String {
    let run = device.run.as_ref().map(|run| {
        let version = run.version.as_deref().unwrap_or(&run.artifact);
        let share = run.transferred.map(|(done, total)| format!(", {done} of {total} bytes"));
        format!("{version}: {}{}", run.phase, share.unwrap_or_default())
    });
    [run, device.problem.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn last(device: &DeviceStatus) -> String {
    device.last.as_ref().map_or_else(String::new, |last| {
        let outcome = if last.success { "success" } else { "failure" };
        let unreported = if last.is_reported { "" } else { " (the server does not know yet)" };
        format!("{outcome}{unreported}: {}", last.details.join("; "))
    })
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Also those that change the direction of what follows.
            c if c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::LastStatus;

    #[test]
    fn what_a_device_says_is_only_text() {
        let hostile = "<script>alert(1)</script>\" onload='x' &amp;\u{202e}\0";
        let last = LastStatus { details: vec![hostile.to_owned()], ..LastStatus::default() };
        let device = DeviceStatus {
            id: hostile.to_owned(),
            board: hostile.to_owned(),
            port: hostile.to_owned(),
            text: hostile.to_owned(),
            problem: Some(hostile.to_owned()),
            last: Some(last),
            ..DeviceStatus::default()
        };
        let status = Status { server: hostile.to_owned(), devices: vec![device], ..Status::default() };
        let page = page(&status);
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert_eq!(page.matches("&lt;script&gt;alert(1)").count(), 7, "{page}");
        assert!(!page.contains("onload='") && !page.contains(['\u{202e}', '\0']));
    }
}
