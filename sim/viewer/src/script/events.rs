//! Input events as the window system would send them.

use bevy::input::ButtonState;
use bevy::input::keyboard::{Key, KeyboardInput};
use bevy::input::mouse::{MouseButtonInput, MouseScrollUnit, MouseWheel};
use bevy::input::touch::TouchPhase;
use bevy::prelude::*;
use bevy::window::{CursorMoved, WindowEvent};

/// One event.
#[derive(Clone, Debug)]
pub enum Event {
    Nothing,
    Move(Vec2),
    Button(MouseButton, ButtonState),
    Key(KeyCode, ButtonState),
    Wheel(f32),
}

/// Sends an event as the window system would.
pub fn emit(commands: &mut Commands, window: Entity, event: Event) {
    match event {
        Event::Nothing => {}
        Event::Move(position) => {
            let moved = CursorMoved {
                window,
                position,
                delta: None,
            };
            commands.write_message(moved.clone());
            commands.write_message(WindowEvent::from(moved));
        }
        Event::Button(button, state) => {
            let input = MouseButtonInput {
                button,
                state,
                window,
            };
            commands.write_message(input);
            commands.write_message(WindowEvent::from(input));
        }
        Event::Key(key_code, state) => {
            let input = KeyboardInput {
                key_code,
                logical_key: logical(key_code),
                state,
                text: None,
                repeat: false,
                window,
            };
            commands.write_message(input.clone());
            commands.write_message(WindowEvent::from(input));
        }
        Event::Wheel(lines) => {
            let input = MouseWheel {
                unit: MouseScrollUnit::Line,
                x: 0.0,
                y: lines,
                window,
                phase: TouchPhase::Moved,
            };
            commands.write_message(input);
            commands.write_message(WindowEvent::from(input));
        }
    }
}

/// What a key means on a keyboard of Latin letters.
fn logical(key: KeyCode) -> Key {
    let name = format!("{key:?}");
    if let Some(letter) = name.strip_prefix("Key") {
        return Key::Character(letter.to_lowercase().into());
    }
    if let Some(digit) = name.strip_prefix("Digit") {
        return Key::Character(digit.into());
    }
    match key {
        KeyCode::Space => Key::Space,
        KeyCode::Tab => Key::Tab,
        KeyCode::Home => Key::Home,
        KeyCode::ShiftLeft => Key::Shift,
        KeyCode::ArrowLeft => Key::ArrowLeft,
        KeyCode::ArrowRight => Key::ArrowRight,
        KeyCode::F1 => Key::F1,
        _ => Key::Unidentified(bevy::input::keyboard::NativeKey::Unidentified),
    }
}
