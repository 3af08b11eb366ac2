//! The panels: controls on the left, what is known on the right, what must not be overlooked on top.

use crate::app::{Shown, Stream};
use crate::keys;
use crate::plots;
use crate::stream::{Command, Control, ControlKind, Lamp, Link};
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use egui::{Color32, RichText};

/// Widths of the panels, points.
const CONTROLS_WIDTH: f32 = 232.0;
const PLOTS_WIDTH: f32 = 248.0;

/// Draws all panels.
pub fn draw(mut contexts: EguiContexts, mut shown: ResMut<Shown>, stream: Res<Stream>) -> Result {
    let context = contexts.ctx_mut()?.clone();
    let shown = &mut *shown;
    shown.places.clear();
    shown.covered = [0.0; 2];
    context.set_visuals(egui::Visuals::light());
    context.all_styles_mut(|style| {
        style.animation_time = 0.0;
        style.scroll_animation = egui::style::ScrollAnimation::none();
    });
    let mut whole = egui::Ui::new(
        context.clone(),
        "window".into(),
        egui::UiBuilder::new()
            .layer_id(egui::LayerId::background())
            .max_rect(context.viewport_rect()),
    );
    if shown.panels {
        let left = egui::Panel::left("controls")
            .exact_size(CONTROLS_WIDTH)
            .resizable(false)
            .show(&mut whole, |ui| controls(ui, shown, &stream.0));
        let right = egui::Panel::right("plots")
            .exact_size(PLOTS_WIDTH)
            .resizable(false)
            .show(&mut whole, |ui| facts(ui, shown));
        shown.covered = [left.response.rect.width(), right.response.rect.width()];
    }
    if !shown.panels {
        let place = egui::Area::new(egui::Id::new("show")).fixed_pos([6.0, 6.0]);
        place.show(&context, |ui| {
            shown.panels |= ui.small_button("panels").clicked();
        });
    }
    banner(&context, shown);
    if shown.help {
        help(&context, shown);
    }
    Ok(())
}

/// The controls by group, in the order of the stream.
fn controls(ui: &mut egui::Ui, shown: &mut Shown, link: &Link) {
    ui.add_space(4.0);
    if let Some(scene) = &shown.scene {
        ui.label(RichText::new(&scene.title).strong());
    }
    ui.horizontal(|ui| {
        shown.help |= ui.small_button("keys").clicked();
        shown.camera_home |= ui.small_button("camera home").clicked();
        shown.panels &= !ui.small_button("hide").clicked();
    });
    let reveal = shown.reveal.clone();
    let mut groups: Vec<String> = Vec::new();
    for control in &shown.controls {
        if !groups.contains(&control.group) {
            groups.push(control.group.clone());
        }
    }
    let Shown {
        controls, places, ..
    } = shown;
    egui::ScrollArea::vertical().show(ui, |ui| {
        ui.spacing_mut().slider_width = 62.0;
        ui.spacing_mut().item_spacing.y = 2.0;
        for (index, group) in groups.iter().enumerate() {
            let wanted = controls
                .iter()
                .any(|c| c.group == *group && reveal.as_ref() == Some(&c.id));
            egui::CollapsingHeader::new(group.as_str())
                .default_open(index < 2)
                .open(wanted.then_some(true))
                .show(ui, |ui| {
                    let mut row = Vec::new();
                    for control in controls.iter_mut().filter(|c| c.group == *group) {
                        let scroll = reveal.as_ref() == Some(&control.id);
                        // Buttons and switches stand side by side.
                        let small = !matches!(
                            control.kind,
                            ControlKind::Slider { .. } | ControlKind::Choice { .. }
                        );
                        if small {
                            row.push(control);
                            continue;
                        }
                        flush(ui, &mut row, places, reveal.as_deref(), link);
                        let response = wide(ui, control, places, link);
                        if scroll {
                            response.scroll_to_me(Some(egui::Align::Center));
                        }
                    }
                    flush(ui, &mut row, places, reveal.as_deref(), link);
                });
        }
    });
}

type Places = std::collections::HashMap<String, [Vec2; 2]>;

fn point(at: egui::Pos2) -> Vec2 {
    Vec2::new(at.x, at.y)
}

/// Buttons and switches in wrapped rows.
fn flush(
    ui: &mut egui::Ui,
    row: &mut Vec<&mut Control>,
    places: &mut Places,
    reveal: Option<&str>,
    link: &Link,
) {
    if row.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        for control in row.drain(..) {
            let response = match &mut control.kind {
                ControlKind::Switch(on) => {
                    let response = ui.toggle_value(on, control.label.as_str());
                    if response.clicked() {
                        link.command(Command::Switch(control.id.clone(), *on));
                    }
                    response
                }
                _ => {
                    let response = ui.button(control.label.as_str());
                    if response.clicked() {
                        link.command(Command::Press(control.id.clone()));
                    }
                    response
                }
            };
            places.insert(control.id.clone(), [point(response.rect.center()); 2]);
            if reveal == Some(control.id.as_str()) {
                response.scroll_to_me(Some(egui::Align::Center));
            }
            response.on_hover_text(hint(control));
        }
    });
}

/// A slider or a choice.
fn wide(
    ui: &mut egui::Ui,
    control: &mut Control,
    places: &mut Places,
    link: &Link,
) -> egui::Response {
    let text = hint(control);
    let Control {
        id, label, kind, ..
    } = control;
    match kind {
        ControlKind::Slider {
            value,
            range: [low, high],
            default,
            whole,
            logarithmic,
        } => {
            let row = ui.horizontal(|ui| {
                let slider = egui::Slider::new(value, *low..=*high).logarithmic(*logarithmic);
                let slider = match whole {
                    true => slider.integer(),
                    false => slider.max_decimals(4),
                };
                let response = ui.add(slider);
                let rail = egui::Rect::from_min_size(
                    response.rect.min,
                    egui::vec2(ui.spacing().slider_width, response.rect.height()),
                );
                let ends = [rail.left_center(), rail.right_center()];
                places.insert(id.clone(), ends.map(point));
                if response.changed() {
                    link.command(Command::Number(id.clone(), *value));
                }
                let name = ui.add(
                    egui::Label::new(RichText::new(label.as_str()).size(11.0))
                        .truncate()
                        .sense(egui::Sense::click()),
                );
                places.insert(format!("{id}/default"), [point(name.rect.center()); 2]);
                if name
                    .on_hover_text(format!("{text}\nClick for the default, {default}."))
                    .clicked()
                {
                    *value = *default;
                    link.command(Command::Number(id.clone(), *default));
                }
            });
            row.response
        }
        ControlKind::Choice { options, chosen } => {
            let row = ui.horizontal_wrapped(|ui| {
                ui.label(label.as_str()).on_hover_text(&text);
                for (index, option) in options.iter().enumerate() {
                    let response = ui.selectable_label(index == *chosen, option.as_str());
                    places.insert(format!("{id}/{option}"), [point(response.rect.center()); 2]);
                    if response.clicked() {
                        *chosen = index;
                        link.command(Command::Choose(id.clone(), index));
                    }
                }
            });
            row.response
        }
        ControlKind::Switch(_) | ControlKind::Button => ui.label(label.as_str()),
    }
}

fn hint(control: &Control) -> String {
    match control.key {
        Some(key) => format!("{} [{key}]", control.hint),
        None => control.hint.clone(),
    }
}

/// Lamps, lines of text, plots.
fn facts(ui: &mut egui::Ui, shown: &Shown) {
    ui.add_space(4.0);
    let telemetry = &shown.telemetry;
    ui.horizontal_wrapped(|ui| {
        for Lamp { name, on, warning } in &telemetry.lamps {
            let shade = match (on, warning) {
                (false, _) => Color32::from_gray(190),
                (true, false) => Color32::from_rgb(40, 140, 70),
                (true, true) => Color32::from_rgb(210, 60, 30),
            };
            let (dot, _) = ui.allocate_exact_size(egui::vec2(8.0, 12.0), egui::Sense::hover());
            ui.painter().circle_filled(dot.center(), 4.0, shade);
            ui.label(RichText::new(name).color(shade).size(11.0));
        }
    });
    egui::ScrollArea::vertical().show(ui, |ui| {
        egui::Grid::new("status")
            .num_columns(2)
            .spacing([6.0, 1.0])
            .show(ui, |ui| {
                let line = |ui: &mut egui::Ui, name: &str, value: &str| {
                    ui.label(RichText::new(name).size(11.0).weak());
                    ui.label(RichText::new(value).size(11.0));
                    ui.end_row();
                };
                line(ui, "frames", &format!("{:.0} a second", shown.fps));
                for (name, value) in &telemetry.status {
                    line(ui, name, value);
                }
            });
        for plot in &telemetry.plots {
            plots::curves(ui, plot);
        }
        if let Some(landscape) = &telemetry.landscape {
            plots::landscape(ui, landscape);
        }
    });
}

/// Warnings over the scene, and the last message below it.
fn banner(context: &egui::Context, shown: &Shown) {
    let lines = [
        (
            egui::Align2::CENTER_TOP,
            &shown.telemetry.banner,
            Color32::from_rgb(190, 50, 20),
        ),
        (
            egui::Align2::CENTER_BOTTOM,
            &shown.telemetry.message,
            Color32::from_gray(50),
        ),
    ];
    let [left, right] = shown.covered;
    for (align, text, shade) in lines {
        let Some(text) = text else { continue };
        let down = if align == egui::Align2::CENTER_TOP {
            8.0
        } else {
            -8.0
        };
        egui::Area::new(egui::Id::new(("banner", align.y().to_sign() as i32)))
            .anchor(align, [(left - right) / 2.0, down])
            .interactable(false)
            .show(context, |ui| {
                egui::Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_max_width(420.0);
                    ui.label(RichText::new(text).color(shade));
                });
            });
    }
}

/// The keys, those of the controls included.
fn help(context: &egui::Context, shown: &mut Shown) {
    let Shown { help, controls, .. } = shown;
    egui::Window::new("Keys")
        .open(help)
        .collapsible(false)
        .resizable(false)
        .anchor(egui::Align2::CENTER_CENTER, [0.0, 0.0])
        .show(context, |ui| {
            let own = keys::OWN.iter().map(|(key, what)| (*key, *what));
            let theirs = controls
                .iter()
                .filter_map(|c| Some((c.key?, c.hint.as_str())));
            let all: Vec<_> = own.chain(theirs).collect();
            let half = all.len().div_ceil(2);
            egui::Grid::new("keys").num_columns(4).show(ui, |ui| {
                for row in 0..half {
                    for (key, what) in all.iter().skip(row).step_by(half) {
                        ui.label(RichText::new(*key).strong().size(11.0));
                        ui.label(RichText::new(*what).size(11.0));
                    }
                    ui.end_row();
                }
            });
        });
}
