//! Keys: those of the controls, which the stream names, and the window's own.

use crate::app::Shown;
use crate::stream::{Command, ControlKind, Link};
use bevy::input::ButtonState;
use bevy::input::keyboard::KeyboardInput;
use bevy::prelude::*;
use bevy_egui::EguiContexts;

/// The window's own keys.
pub const OWN: [(&str, &str); 8] = [
    ("F1", "show or hide this help"),
    ("H", "show or hide the panels"),
    ("left drag", "drag a body or a goal; on the ground: orbit"),
    ("Shift + left drag", "turn the body or the goal"),
    ("right drag", "orbit"),
    ("middle drag", "pan"),
    ("wheel", "zoom"),
    ("Home", "camera back to its first place"),
];

/// A key by the name that controls use.
pub fn code(name: &str) -> Option<KeyCode> {
    const LETTERS: [KeyCode; 26] = [
        KeyCode::KeyA,
        KeyCode::KeyB,
        KeyCode::KeyC,
        KeyCode::KeyD,
        KeyCode::KeyE,
        KeyCode::KeyF,
        KeyCode::KeyG,
        KeyCode::KeyH,
        KeyCode::KeyI,
        KeyCode::KeyJ,
        KeyCode::KeyK,
        KeyCode::KeyL,
        KeyCode::KeyM,
        KeyCode::KeyN,
        KeyCode::KeyO,
        KeyCode::KeyP,
        KeyCode::KeyQ,
        KeyCode::KeyR,
        KeyCode::KeyS,
        KeyCode::KeyT,
        KeyCode::KeyU,
        KeyCode::KeyV,
        KeyCode::KeyW,
        KeyCode::KeyX,
        KeyCode::KeyY,
        KeyCode::KeyZ,
    ];
    if let [letter @ b'A'..=b'Z'] = name.as_bytes() {
        return LETTERS.get(usize::from(letter - b'A')).copied();
    }
    Some(match name {
        "Space" => KeyCode::Space,
        "Home" => KeyCode::Home,
        "Left" => KeyCode::ArrowLeft,
        "Right" => KeyCode::ArrowRight,
        "Down" => KeyCode::ArrowDown,
        "Minus" => KeyCode::Minus,
        "Equal" => KeyCode::Equal,
        "Shift" => KeyCode::ShiftLeft,
        "F1" => KeyCode::F1,
        "F6" => KeyCode::F6,
        "F7" => KeyCode::F7,
        _ => return None,
    })
}

/// Turns key presses into commands, unless a text is being typed.
pub fn read_keys(
    mut events: MessageReader<KeyboardInput>,
    mut contexts: EguiContexts,
    mut shown: ResMut<Shown>,
    link: Res<crate::app::Stream>,
) {
    let typing = contexts
        .ctx_mut()
        .is_ok_and(|context| context.text_edit_focused());
    for event in events.read() {
        if event.state != ButtonState::Pressed || typing {
            continue;
        }
        match event.key_code {
            KeyCode::F1 if !event.repeat => shown.help = !shown.help,
            KeyCode::KeyH if !event.repeat => shown.panels = !shown.panels,
            KeyCode::Home => shown.camera_home = true,
            key => press(key, event.repeat, &shown, &link.0),
        }
    }
}

fn press(key: KeyCode, repeat: bool, shown: &Shown, link: &Link) {
    let controls = shown.controls.iter();
    for control in controls.filter(|c| c.key.and_then(code) == Some(key)) {
        let id = control.id.clone();
        match &control.kind {
            ControlKind::Switch(on) if !repeat => link.command(Command::Switch(id, !on)),
            ControlKind::Button => link.command(Command::Press(id)),
            ControlKind::Choice { options, chosen } if !repeat => {
                link.command(Command::Choose(id, (chosen + 1) % options.len().max(1)));
            }
            _ => {}
        }
    }
}
